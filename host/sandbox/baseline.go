package sandbox

// Baseline is a way of running jobs that henge is compared with. All but the
// zero value are for benchmarks: Warm lets a job see what the one before it
// left, and Unmetered lets it run for ever.
type Baseline int

// The baselines.
const (
	// Henge is the product: metered, and reset in place.
	Henge Baseline = iota

	// NewInstance instantiates and initialises the module for each job.
	NewInstance

	// FromSnapshot instantiates the module for each job and gives it the
	// snapshot's state.
	FromSnapshot

	// Warm runs one job after another in an instance that is never reset.
	Warm

	// Unmetered is Henge without metering.
	Unmetered

	// CloseOnContext is Henge with the runtime's own way of ending a guest in
	// place of metering.
	CloseOnContext
)

// closesOnContext says whether the runtime ends guests whose context is done.
func (rt *Runtime) closesOnContext() bool { return rt.baseline == CloseOnContext }

// meters says whether modules are metered.
func (rt *Runtime) meters() bool { return rt.baseline != Unmetered && rt.baseline != CloseOnContext }
