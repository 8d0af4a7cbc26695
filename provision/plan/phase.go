package plan

import (
	"cmp"
	"slices"
)

// Phase is a stage of applying a plan. Phases run one after the other, and the steps within one run in parallel.
//
// The order keeps one promise: there is never a proxied record of ours without its route. Such a record would send the
// keys of callers to whoever has the address in it. So a record is created last and deleted first.
type Phase int

// Phases in the order in which they run.
const (
	// PhaseUploadScripts uploads scripts.
	PhaseUploadScripts Phase = iota
	// PhaseWriteRoutes creates and updates routes.
	PhaseWriteRoutes
	// PhaseDeleteRecords deletes the records of hosts that lose their route.
	PhaseDeleteRecords
	// PhaseDeleteRoutes deletes routes and custom domains: those that are not needed any more, and those in conflict
	// with ours.
	PhaseDeleteRoutes
	// PhaseDeleteScripts deletes scripts. If the run stops before, records still name them, so that the next run finds
	// them.
	PhaseDeleteScripts
	// PhaseWriteRecords makes all changes to the records of hosts that have their route, including the deletion of
	// duplicates.
	PhaseWriteRecords
	// PhaseCount is the number of phases.
	PhaseCount
)

// Phases returns the phase of each step.
func Phases(steps []Step) []Phase {
	written := map[Address]bool{}
	for _, s := range steps {
		if s.Address.Kind == KindRecord && s.Action != ActionDelete {
			written[s.Address] = true
		}
	}
	phases := make([]Phase, len(steps))
	for i, s := range steps {
		phases[i] = phaseOf(s, written[s.Address])
	}
	return phases
}

// phaseOf returns the phase of a step. hasRecord reports whether the plan has, or keeps, a record at the step's address.
func phaseOf(s Step, hasRecord bool) Phase {
	isDeletion := s.Action == ActionDelete
	switch {
	case s.Address.Kind == KindScript && isDeletion:
		return PhaseDeleteScripts
	case s.Address.Kind == KindScript:
		return PhaseUploadScripts
	case s.Address.Kind == KindRecord && isDeletion && !hasRecord:
		return PhaseDeleteRecords
	case s.Address.Kind == KindRecord:
		return PhaseWriteRecords
	case isDeletion, s.Conflict == ConflictWiderRoute:
		return PhaseDeleteRoutes
	}
	return PhaseWriteRoutes
}

// SortSteps sorts steps by phase. Steps of one phase keep their order.
func SortSteps(steps []Step) {
	type phased struct {
		step  Step
		phase Phase
	}
	var sorted []phased
	for i, p := range Phases(steps) {
		sorted = append(sorted, phased{steps[i], p})
	}
	slices.SortStableFunc(sorted, func(a, b phased) int { return cmp.Compare(a.phase, b.phase) })
	for i := range sorted {
		steps[i] = sorted[i].step
	}
}
