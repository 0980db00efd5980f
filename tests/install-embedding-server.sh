#!/bin/sh
# The tests of api: models need a server to ask. Install one, apart from .venv: it wants old versions of what we use.
set -eu
cd "$(dirname "$0")/.."
wanted=tests/embedding-server.txt
venv=.venv-server
cmp -s "$wanted" "$venv/installed.txt" && exit 0
.venv/bin/python -m venv --clear "$venv"
pip="$venv/bin/python -m pip install --quiet --disable-pip-version-check"
$pip --constraint "$wanted" torch # with whatever GPU libraries its build for this system depends on
$pip --no-deps --requirement "$wanted"
cp "$wanted" "$venv/installed.txt"
