#!/usr/bin/env bash
# Compares the public API of the working tree with that of the last release (the newest tag v*), or of any other commit:
#     release/compare-api.sh [commit] [arguments for Maven]
# Fails if code that was compiled against it would not run any more. The report is in target/japicmp of the module.
set -euo pipefail
cd "$(dirname "$0")/.."
module=ratelimit-spring-boot-autoconfigure
before=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null || true)
if [[ $# -gt 0 && $1 != -* ]]; then
    before=$1
    shift
fi
if [[ -z $before ]]; then
    echo "Nothing has been released yet: there is nothing to compare with"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git archive "$before" | tar -x -C "$work"
(cd "$work" && ./mvnw -B -ntp -q -pl $module -Dmaven.test.skip=true -Dmaven.javadoc.skip=true -Dspotless.check.skip=true "$@" package)
old=$(find "$work/$module/target" -maxdepth 1 -name "$module-*.jar" ! -name '*-sources.jar' ! -name '*-javadoc.jar')
echo "Comparing with $before"
./mvnw -B -ntp -q -Pcompare-api -pl $module -Dmaven.test.skip=true -Dmaven.javadoc.skip=true -Dapi.before="$old" "$@" verify
echo "Code compiled against $before still runs"
