package henge

import "errors"

// KVGet returns the value of a key, and false if it has none.
func KVGet(key []byte) ([]byte, bool, error) {
	value, err := call(kvGet, key)
	if isNotFound(err) {
		return nil, false, nil
	}
	return value, err == nil, err
}

// KVSet gives a key a value, for ttlMS milliseconds, or with 0 until it is
// deleted. Key and value are each a string or []byte. It is part of the same
// transaction as SQLExec.
func KVSet(key, value any, ttlMS int64) error {
	request := map[string]any{"key": key, "value": value}
	setOptional(request, "ttl_ms", ttlMS)
	return send(kvSet, request)
}

// KVDelete deletes a key. One that is not there is no error.
func KVDelete(key []byte) error {
	_, err := call(kvDelete, key)
	if isNotFound(err) {
		return nil
	}
	return err
}

// KVList returns the keys that begin with prefix and come after another, in the
// order of their bytes, and whether there are more. Keys are strings, or []byte
// where they are no text. A nil after begins with the first key, a limit of 0
// leaves it to the host's.
func KVList(prefix, after any, limit int64) (keys []any, more bool, err error) {
	request := map[string]any{"prefix": prefix}
	if after != nil {
		request["after"] = after
	}
	setOptional(request, "limit", limit)
	fields, err := askMap(kvList, request)
	return field[[]any](fields, "keys"), field[bool](fields, "more"), err
}

func isNotFound(err error) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Code == NotFound
}
