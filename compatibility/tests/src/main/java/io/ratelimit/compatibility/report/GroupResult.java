package io.ratelimit.compatibility.report;

/**
 * What the tests of a group came to.
 *
 * @param passed how many passed
 * @param failed how many failed
 * @param skipped how many were left out
 */
record GroupResult(int passed, int failed, int skipped) {

    /** What did not run. */
    static final GroupResult NONE = new GroupResult(0, 0, 0);

    boolean isClean() {
        return this.failed == 0 && this.skipped == 0;
    }

    @Override
    public String toString() {
        return "%d passed, %d FAILED, %d SKIPPED".formatted(this.passed, this.failed, this.skipped);
    }
}
