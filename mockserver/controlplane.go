package mockserver

// startControl starts the control plane, where one was asked for.
func (a *Appliance) startControl() (string, error) { return "", nil }
