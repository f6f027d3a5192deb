package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// changeTries is how often a change is made again that somebody else's came
// before.
const changeTries = 10

var errScheduleChanged = errors.New("somebody else changes it all the time: try again")

// Remove deletes a schedule, or returns ErrNoSchedule. Jobs that it has written
// stay. Other than the rest, it takes any name, for what somebody has put there.
func (s *Schedules) Remove(ctx context.Context, circle, name string) error {
	circle, err := circleOfSchedules(circle)
	if err == nil {
		var reply any
		reply, err = s.scripts.scheduleRemove.run(ctx, s.rdb, scheduleKeys(s.rdb, circle), s.opts.args(name, circle)...)
		if err == nil && reply == int64(0) {
			err = ErrNoSchedule
		}
	}
	if err != nil {
		return fmt.Errorf("remove schedule %s: %w", quoteShort(name), err)
	}
	return nil
}

// Pause has a schedule write no more jobs, or returns ErrNoSchedule.
func (s *Schedules) Pause(ctx context.Context, circle, name string) error {
	_, err := s.get(ctx, circle, name)
	if err == nil {
		err = s.pause(ctx, circle, name, "1", "", "")
	}
	if err != nil {
		return fmt.Errorf("pause schedule %s: %w", quoteShort(name), err)
	}
	return nil
}

// Resume lets a paused schedule go on with its next tick after now, or returns
// ErrNoSchedule. One that is not paused stays as it is.
func (s *Schedules) Resume(ctx context.Context, circle, name string) error {
	err := s.again(ctx, circle, name, func(sc *Schedule) error {
		next, err := s.nextTick(ctx, sc)
		if err != nil {
			return err
		}
		return s.pause(ctx, circle, name, "", sc.revision, tickMS(next))
	})
	if err != nil {
		return fmt.Errorf("resume schedule %s: %w", quoteShort(name), err)
	}
	return nil
}

func (s *Schedules) pause(ctx context.Context, circle, name string, args ...any) error {
	circle, err := circleOfSchedules(circle)
	if err != nil {
		return err
	}
	reply, err := s.scripts.schedulePause.run(ctx, s.rdb, scheduleKeys(s.rdb, circle)[:1],
		s.opts.args(append(append([]any{name}, args...), keyControl)...)...)
	switch {
	case err != nil:
		return err
	case reply == "missing":
		return ErrNoSchedule
	case reply == "changed":
		return errScheduleChanged
	}
	return nil
}

// Trigger writes a job of a schedule now and returns its name, or
// ErrNoSchedule. It moves no tick and does not mind a pause.
func (s *Schedules) Trigger(ctx context.Context, circle, name string) (Ref, error) {
	var ref Ref
	err := s.again(ctx, circle, name, func(sc *Schedule) error {
		p, ok := s.producers[sc.Job.Dialect]
		if !ok {
			return fmt.Errorf("jobs of the dialect %s cannot be written here", sc.Job.Dialect)
		}
		answer, err := fire(ctx, p, sc, turn{mark: uuid.NewString()})
		if err != nil {
			return err
		}
		switch answer.word {
		case fireFired:
			ref = Ref{ID: answer.text, Circle: sc.Circle(), Topic: sc.Job.Topic}
			return nil
		case fireRefused:
			return errors.New(answer.text)
		}
		return errScheduleChanged
	})
	if err != nil {
		return Ref{}, fmt.Errorf("trigger schedule %s: %w", quoteShort(name), err)
	}
	return ref, nil
}

// again reads a schedule and changes it, until nobody else has changed it
// meanwhile.
func (s *Schedules) again(ctx context.Context, circle, name string, change func(*Schedule) error) error {
	err := errScheduleChanged
	for range changeTries {
		var sc *Schedule
		if sc, err = s.get(ctx, circle, name); err != nil {
			return err
		}
		if sc.Problem != "" {
			return fmt.Errorf("it is damaged: %s: write it again", sc.Problem)
		}
		if err = change(sc); !errors.Is(err, errScheduleChanged) {
			return err
		}
	}
	return err
}
