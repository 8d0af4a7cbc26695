package plan

import "github.com/cfproxy/cfproxy/provision/binding"

// Action is what a step does to a resource.
type Action string

// Actions, named as in other planning tools.
const (
	ActionNone   Action = "none"
	ActionCreate Action = "create"
	ActionUpdate Action = "update"
	ActionDelete Action = "delete"
)

// Step is one line of a plan: what happens to one resource.
type Step struct {
	Action  Action  `json:"action"`
	Address Address `json:"address"`
	// ID is the API's id of the existing object; "" for a creation.
	ID string `json:"id,omitempty"`
	// Adopt reports whether the step affects an object that is not ours.
	Adopt bool `json:"adopt,omitempty"`
	// Conflict and ConflictHosts are those of the object.
	Conflict      Conflict `json:"clash,omitempty"`
	ConflictHosts []string `json:"at,omitempty"`
	// Before and After are the attributes on both sides of the step, nil before a creation and after a deletion. Diff
	// lists the attributes that change.
	Before binding.Attrs      `json:"before,omitempty"`
	After  binding.Attrs      `json:"after,omitempty"`
	Diff   []binding.AttrDiff `json:"diff,omitempty"`
	// Upload is what to upload, for a script that is created or updated.
	Upload *Upload `json:"-"`
}

// Host returns the hostname that the step affects, or "" for a script, which serves several.
func (s Step) Host() string {
	switch s.Address.Kind {
	case KindScript:
		return ""
	case KindRoute:
		return patternHost(s.Address.Name)
	}
	return s.Address.Name
}

// Matches reports whether the object is the result of a creation or an update, or what a deletion is to delete.
func (s Step) Matches(o Object) bool {
	if s.Action == ActionDelete {
		return o.ID == s.ID
	}
	isSame := s.Action == ActionCreate || o.ID == s.ID
	return isSame && o.Address == s.Address && len(o.Attrs.Diff(s.After)) == 0
}

// DeleteStep returns the step that deletes an object.
func DeleteStep(o Object) Step {
	return Step{
		Action: ActionDelete, Address: o.Address, ID: o.ID, Adopt: !o.Owned, Conflict: o.Conflict, ConflictHosts: o.ConflictHosts,
		Before: o.Attrs,
	}
}

// updateStep returns the step that turns an object into the wanted resource. Its action is ActionNone if there is
// nothing to do.
func updateStep(want Resource, have Object) Step {
	step := Step{
		Action: ActionNone, Address: want.Address, ID: have.ID, Adopt: !have.Owned && !have.Edited, Conflict: have.Conflict,
		Before: have.Attrs, After: want.Attrs, Diff: have.Attrs.Diff(want.Attrs), Upload: want.Upload,
	}
	if len(step.Diff) > 0 || step.Adopt {
		step.Action = ActionUpdate
	}
	return step
}

// keepWiderRoute returns the step for a wider route that stays unchanged, although it will no longer receive the
// requests of our hosts. It lets a plan that adopts show this.
func keepWiderRoute(o Object) Step {
	return Step{
		Action: ActionNone, Address: o.Address, ID: o.ID, Adopt: true, Conflict: o.Conflict, ConflictHosts: o.ConflictHosts,
		Before: o.Attrs, After: o.Attrs,
	}
}
