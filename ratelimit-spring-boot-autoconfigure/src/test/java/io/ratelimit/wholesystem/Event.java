package io.ratelimit.wholesystem;

/**
 * What a worker tells: the name of the event and the fencing token of the permit, which is the time of its grant by Redis' clock, in
 * microseconds.
 */
enum Event {
    READY,
    GRANTED,
    CLOSING,
    DONE;

    void print(long fence) {
        System.out.println(name() + ' ' + fence + ' ' + System.nanoTime());
    }

    /**
     * An event that happened.
     *
     * @param event which
     * @param fence the fencing token of the permit; 0: none
     * @param nanos when, by the monotonic clock that all JVMs of one machine share
     */
    record Occurrence(Event event, long fence, long nanos) {

        static Occurrence parse(String line) {
            String[] fields = line.split(" ");
            return new Occurrence(Event.valueOf(fields[0]), Long.parseLong(fields[1]), Long.parseLong(fields[2]));
        }
    }
}
