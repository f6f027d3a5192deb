package abi

// Publication is the request of circle.publish and circle.unpublish. Kind is
// table or prefix.
type Publication struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
}
