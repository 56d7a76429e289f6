package io.ratelimit.wholesystem;

/**
 * An event that happened to a worker.
 *
 * @param worker the number of the worker
 * @param event which
 * @param nanos when, by the monotonic clock that all JVMs of one machine share
 * @param call which of the worker's calls; 0: none
 * @param number see {@link Event}
 * @param text see {@link Event}
 */
record Occurrence(int worker, Event event, long nanos, long call, long number, String text) {

    static Occurrence parse(int worker, String line) {
        String[] fields = line.split(" ", 5);
        return new Occurrence(
                worker,
                Event.valueOf(fields[0]),
                Long.parseLong(fields[1]),
                Long.parseLong(fields[2]),
                Long.parseLong(fields[3]),
                fields[4]);
    }

    String format() {
        return this.event.name() + ' ' + this.nanos + ' ' + this.call + ' ' + this.number + ' ' + this.text;
    }
}
