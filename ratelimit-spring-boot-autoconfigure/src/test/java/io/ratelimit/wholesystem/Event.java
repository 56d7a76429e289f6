package io.ratelimit.wholesystem;

/**
 * What may happen to a worker and its calls. Calls are numbered by their worker; a fence is the fencing token of a permit, which is the
 * time of its grant by Redis' clock, in microseconds.
 */
enum Event {
    /** It may be told what to do; the text is the name of its instance. */
    READY,
    /** It has carried out a command; what that has begun may go on. */
    DID,
    /** A call has its permit; the number is the fence, the text the priority. */
    GRANTED,
    /** A call has its permit, which its worker has granted alone, and will tell of it next; the number is the fence. */
    LOCAL,
    /** The engine has noticed that Redis is away. */
    AWAY,
    /**
     * The engine has noticed that Redis is back; the number is how long the slowest call took that began meanwhile, the text is for how long the
     * process stood still at most, both in nanoseconds.
     */
    BACK,
    /** Slots were taken back because their lease was over; the number is of how many permits. */
    RECLAIMED,
    /** The number is how many instances the engine believes to be alive. */
    INSTANCES,
    /** The number is how many permits hold slots, as Redis says; the greatest of all if it says nothing. */
    HOLDERS,
    /** A call that holds its permit has seen that it is valid; the number is the fence. Only the calls of a load look. */
    VALID,
    /** A call is about to close its permit, which is valid; the number is the fence. */
    CLOSING,
    /** A call is about to close its permit, which is valid no more; the number is the fence. */
    CLOSING_LATE,
    /** A call is told that it has lost its permit; the number is the fence. */
    LOST,
    /** A call was refused at once. */
    REFUSED,
    /** A call has waited in vain. */
    TIMED_OUT,
    /** A call was cancelled, by itself or by a shutdown. */
    CANCELLED,
    /** A call has failed; the text says why. */
    FAILED,
    /** Redis has refused a ticket at once; the text is the ticket. */
    TURNED_AWAY,
    /** Redis has granted rates alone; the number is the fence, the call is the time of the grant by Redis' clock, in microseconds. */
    ADMITTED,
    /** All threads of a load have ended. */
    LOADED,
    /** The number is the CPU time of the process, in nanoseconds. */
    CPU,
    /** The number is what is left on its heap after a collection, in bytes. */
    HEAP,
    /** The number is that of its threads. */
    THREADS,
    /** It has shut its engine down, and does nothing any more. */
    DONE,
    /** The test is about to stop the process: SIGSTOP. */
    FROZEN,
    /** The test has let the process go on: SIGCONT. */
    THAWED,
    /** The test is about to kill the process: SIGKILL. */
    KILLED
}
