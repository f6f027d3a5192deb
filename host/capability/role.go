package capability

import "context"

// Role returns what the session's caller is to its circle: its owner, or what
// the directory says, which may be nil. An empty caller is a stranger.
func (s *Session) Role(ctx context.Context, d Directory) (Role, error) {
	switch {
	case s.Job == nil || s.Job.Caller == "":
		return Stranger, nil
	case s.Job.Caller == s.Job.Circle:
		return Owner, nil
	case d == nil:
		return Stranger, nil
	}
	return d.Role(ctx, s.Job.Circle, s.Job.Caller)
}

// Require returns Insufficient to a caller who is less than least.
func (s *Session) Require(ctx context.Context, d Directory, least Role) error {
	role, err := s.Role(ctx, d)
	if err != nil {
		return err
	}
	if role < least {
		return Insufficient()
	}
	return nil
}
