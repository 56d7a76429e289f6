#!/usr/bin/env bash
# What the starter costs at startup: benchmarks/startup/run.sh [starts of each, default 15] [options of the JVM]
set -euo pipefail
cd "$(dirname "$0")/../.."
./mvnw -B -ntp -q -Pstartup -pl benchmarks/startup/empty,benchmarks/startup/parts,benchmarks/startup/starter -am \
    -Dmaven.test.skip=true -Dmaven.javadoc.skip=true package
java benchmarks/startup/Startup.java benchmarks/startup "${1:-15}" "${@:2}"
