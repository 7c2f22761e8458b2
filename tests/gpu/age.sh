#!/bin/sh
# Says how far the code has gone on since a GPU was last checked: facet-engine selftest --gpu --commit C --out selftest.json.
here=$(cd "$(dirname "$0")" && pwd)
commit=$(sed -n 's/^ "commit": "\([0-9a-f]*\)".*/\1/p' "$here/selftest.json")
age=$(git -C "$here" rev-list --count "$commit..HEAD" 2>/dev/null) || age="an unknown number of"
echo "GPU: checked $age commits ago (tests/gpu/selftest.json, of $commit)."
