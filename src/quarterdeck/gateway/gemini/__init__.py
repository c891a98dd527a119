"""Google's `generateContent` as clients speak it to us: reading requests, writing answers, counting and listing."""
