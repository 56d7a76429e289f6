#!/usr/bin/env bash
# Builds the last commit twice, in two places, in two time zones and with two languages, and compares what would be published.
# Further arguments go to Maven, such as -o.
set -euo pipefail
cd "$(dirname "$0")/.."
modules=$(printf %s, ratelimit-spring-boot*)
modules=${modules%,}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # directory, time zone, language, umask, further arguments
    local directory=$1 zone=$2 language=$3 mask=$4
    shift 4
    mkdir -p "$directory"
    (
        umask "$mask"
        git archive HEAD | tar -x -C "$directory"
        cd "$directory"
        TZ=$zone LC_ALL=$language ./mvnw -B -ntp -q -Prelease -pl "$modules" -Dmaven.test.skip=true "$@" package
        for module in ${modules//,/ }; do
            sha256sum "$module"/target/*.jar "$module"/target/bom.json "$module"/.flattened-pom.xml
        done
    ) >"$directory.sums"
}

build "$work/one" UTC C.UTF-8 0022 "$@"
build "$work/another/place" Asia/Kolkata POSIX 0027 "$@"
cat "$work/one.sums"
if ! diff "$work/one.sums" "$work/another/place.sums"; then
    echo "The two builds differ" >&2
    exit 1
fi
echo "The two builds are the same: $(wc -l <"$work/one.sums") files"
