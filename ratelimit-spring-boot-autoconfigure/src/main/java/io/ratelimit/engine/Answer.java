package io.ratelimit.engine;

import io.ratelimit.AcquireOutcome;
import io.ratelimit.Permit;

/**
 * What an acquisition comes to, if not to a failure.
 *
 * @param permit the permit, or what stands for one
 * @param outcome how it ended
 */
record Answer(Permit permit, AcquireOutcome outcome) {}
