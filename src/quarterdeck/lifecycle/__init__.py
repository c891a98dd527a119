"""The four stages as short stories: discover, distill, deploy, deliver."""
