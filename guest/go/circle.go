package henge

// CircleRole returns what the caller is to the circle: owner, admin, writer,
// reader or stranger.
func CircleRole() (string, error) {
	role, err := call(circleRole, nil)
	return string(role), err
}

// CirclePublish lets everybody read a "table", or the keys with a "prefix",
// which is what kind says. Only the owner and admins may.
func CirclePublish(kind, name string) error {
	return send(circlePublish, map[string]any{"kind": kind, "name": name})
}

// CircleUnpublish takes back what CirclePublish did.
func CircleUnpublish(kind, name string) error {
	return send(circleUnpublish, map[string]any{"kind": kind, "name": name})
}
