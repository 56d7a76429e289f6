package io.ratelimit.aop;

/**
 * What the type that a method returns says of the end of its work.
 *
 * @param type the type, its variables resolved
 * @param shape who tells of the end
 * @param untilResponse whether what it comes to works on until the HTTP response has ended, so that slots are held until then
 * @param opaque whether the declared type hides what calls return, so that each value must be looked at
 */
record ReturnType(Class<?> type, Shape shape, boolean untilResponse, boolean opaque) {

    /** Who tells of the end of the work. */
    enum Shape {

        /** The method, by returning: its caller's thread waits for the permit. */
        PLAIN,

        /** A {@link java.util.concurrent.CompletionStage}: nobody's thread waits. */
        STAGE,

        /** A reactive type, for each subscription: nobody's thread waits. */
        PUBLISHER
    }
}
