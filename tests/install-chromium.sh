#!/bin/sh
# The browser tests need a Chromium. Find one, or install it; never skip the tests for want of it.
set -eu
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if command -v apt-get >/dev/null 2>&1; then
    as_root=''
    [ "$(id -u)" -eq 0 ] || as_root='sudo'
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq chromium >/dev/null
    exit 0
fi
.venv/bin/python -m playwright install chromium
