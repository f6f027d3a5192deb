// Package schedule says when a schedule is due: once, at a fixed interval, or
// by a cron expression in a time zone. It has no clock and keeps nothing: the
// same question has the same answer on every worker, and it imports nothing of
// ours.
//
// All ticks are whole seconds, given in UTC.
package schedule
