#!/usr/bin/env bash
# Builds the last commit twice, in two places, in two time zones, with two languages and two umasks, and compares what would be
# published: jars, those of sources and Javadoc, POMs, SBOMs. Not with -o: the SBOM is made online only.
# Further arguments go to Maven.
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
        git archive HEAD | tar -x --no-same-permissions -C "$directory"
        cd "$directory"
        TZ=$zone LC_ALL=$language ./mvnw -B -ntp -q -Prelease -pl "$modules" \
            -Dmaven.test.skip=true -Dmdep.skip=true -Dspotless.check.skip=true "$@" package >&2
        for module in ${modules//,/ }; do
            sha256sum "$module"/target/*.jar "$module"/target/bom.json "$module"/.flattened-pom.xml
        done
    ) >"$directory.sums"
}

build "$work/one" UTC C.UTF-8 0022 "$@"
build "$work/another/place" Asia/Kolkata POSIX 0002 "$@"
cat "$work/one.sums"
if ! diff "$work/one.sums" "$work/another/place.sums" >&2; then
    trap - EXIT
    echo "The two builds differ: $work/one and $work/another/place" >&2
    exit 1
fi
echo "The two builds are identical: $(wc -l <"$work/one.sums") files"
