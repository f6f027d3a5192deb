package abi

// KVSet is the request of kv.set. Key and Value are text or bytes. A TTLMS of 0 keeps the value until it is
// deleted.
type KVSet struct {
	Key   Value `json:"key"`
	Value Value `json:"value"`
	TTLMS int64 `json:"ttl_ms,omitempty"`
}

// KVList is the request of kv.list: keys with a prefix, in the order of their
// bytes, behind After. A Limit of 0 leaves it to the host's.
type KVList struct {
	Prefix Value `json:"prefix"`
	After  Value `json:"after,omitzero"`
	Limit  int64 `json:"limit,omitempty"`
}

// KVKeys is the reply of kv.list, each key as TextOrBytes gives it. More says that there are others: ask again
// with After the last of these.
type KVKeys struct {
	Keys []Value `json:"keys"`
	More bool    `json:"more"`
}
