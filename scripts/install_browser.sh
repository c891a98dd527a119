#!/usr/bin/env bash
# Makes sure that a Chromium is here for the browser tests: the one installed, else Debian's.
set -euo pipefail
for name in "${QUARTERDECK_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$name" ] && command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if ! command -v apt-get >/dev/null 2>&1; then
  echo "The browser tests need Chromium. Install it, or set QUARTERDECK_TEST_CHROMIUM to its path." >&2
  exit 1
fi
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
echo "Installing Chromium for the browser tests (once)"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null
