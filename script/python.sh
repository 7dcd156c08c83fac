# Shared by the commands of this folder: finds Python, keeps .venv in step with the lock files.
# Sourced, POSIX sh; the caller has changed into the root of the checkout.

say() { printf '%s\n' "$*" >&2; }
stop_with() { say "$*"; exit 1; }

SUPPORTED='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
unset PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# Sets PYTHON to the first Python 3.11, 3.12 or 3.13 with venv; ends the script when there is none.
find_python() {
    for candidate in ${PORTAL_PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
        if "$candidate" -c "$SUPPORTED" 2>/dev/null; then
            PYTHON=$candidate
            return
        fi
    done
    found=$(${PORTAL_PYTHON:-python3} --version 2>&1) || found="no python3"
    stop_with "The portal needs Python 3.11, 3.12 or 3.13; found: $found."
}

# Sets VENV and PYTHON to a virtual environment that holds exactly the given lock files ("base", "base dev").
ensure_venv() {
    VENV=${PORTAL_VENV:-.venv}
    case $VENV in /*) ;; *) VENV=$PWD/$VENV ;; esac
    if ! "$VENV/bin/python" -c "$SUPPORTED" 2>/dev/null; then
        find_python
        say "Making a virtual environment in $VENV ($("$PYTHON" --version 2>&1))"
        make_venv
    fi
    PYTHON=$VENV/bin/python
    stale=
    for name in "$@"; do
        cmp -s "requirements/$name.txt" "$VENV/installed-$name.txt" || stale=yes
    done
    [ -z "$stale" ] || install_locked "$@"
}

make_venv() {
    # A copy of the locks inside tells what was installed; an old one must not outlive its environment.
    rm -f "$VENV"/installed-*.txt
    "$PYTHON" -m venv --clear "$VENV" >/dev/null 2>&1 && return
    if command -v uv >/dev/null 2>&1 && uv venv --quiet --clear --seed --python "$PYTHON" "$VENV"; then return; fi
    stop_with "Python cannot make a virtual environment here. On Debian and Ubuntu: apt install python3-venv; then start again."
}

install_locked() {
    say "Installing the locked packages ($*); half a minute with a usual connection"
    files=
    for name in "$@"; do files="$files -r requirements/$name.txt"; done
    # uv is faster where it is there; pip does the same without it, also where only pip knows the index.
    # shellcheck disable=SC2086  # $files is a list of arguments
    if ! { command -v uv >/dev/null 2>&1 && uv pip install --quiet --python "$PYTHON" --require-hashes $files 2>/dev/null; }; then
        "$PYTHON" -m pip install --quiet --no-input --require-hashes $files ||
            stop_with "The packages could not be installed. Check the network (or the settings of pip) and start again; nothing else was changed."
    fi
    for name in "$@"; do cp "requirements/$name.txt" "$VENV/installed-$name.txt"; done
}
