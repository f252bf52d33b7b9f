package verdict

// WaiverNote says what became of one waiver in a run.
type WaiverNote struct {
	Check  string `json:"check"` // the waiver's glob
	Reason string `json:"reason"`
	State  string `json:"state"` // applied, stale (nothing fails any more), unmatched or expired
}
