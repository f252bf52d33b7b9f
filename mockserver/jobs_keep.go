package mockserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/flowgate-dev/flowgate/mockserver/device"
)

// keptName is the file below Options.Data with what the appliance is and what its jobs were. Both are in one file, so
// that a kill at any moment finds a restore either done or not begun.
const keptName = "appliance.json"

// keptFormat is the version of that file.
const keptFormat = 1

// kept is the content of that file. It is for its owner only: it holds the vault.
type kept struct {
	Format int           `json:"format"`
	State  device.State  `json:"state"`
	Vault  device.Vault  `json:"vault"`
	Jobs   device.Record `json:"jobs"`
}

// keeper writes that file.
type keeper struct {
	mu   sync.Mutex
	on   bool // Start has read the file
	jobs device.Record
}

// recall takes up what an earlier appliance has left in Options.Data, and keeps from now on.
func (a *Appliance) recall() error {
	if a.options.Data == "" {
		return nil
	}
	if err := os.MkdirAll(a.options.Data, 0o700); err != nil {
		return fmt.Errorf("mockserver: the data directory cannot be made: %w", err)
	}
	file := filepath.Join(a.options.Data, keptName)
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mockserver: what earlier jobs have left cannot be read: %w", err)
	}
	if err == nil {
		var k kept
		if err := json.Unmarshal(text, &k); err != nil || k.Format != keptFormat {
			return fmt.Errorf("mockserver: %s is not of this version of flowgate, or damaged (hint: move it away to start anew)", file)
		}
		k.State.Vault = k.Vault
		if err := a.device.Resume(k.Jobs); err != nil {
			return fmt.Errorf("mockserver: %w", err)
		}
		a.state.Store(&k.State)
		a.keeper.jobs = k.Jobs
	}
	a.keeper.mu.Lock()
	defer a.keeper.mu.Unlock()
	a.keeper.on = true
	return nil
}

// keepJobs keeps the record of the jobs with the state as it is.
func (a *Appliance) keepJobs(jobs device.Record) {
	a.keeper.mu.Lock()
	defer a.keeper.mu.Unlock()
	a.keeper.jobs = jobs
	a.keep()
}

// keepState keeps the state with the jobs as they are known.
func (a *Appliance) keepState() {
	a.keeper.mu.Lock()
	defer a.keeper.mu.Unlock()
	a.keep()
}

// keep writes the file; the lock is held. A disk that fails is told and stops no job: what runs is right, and only a
// restart would find it forgotten.
func (a *Appliance) keep() {
	if !a.keeper.on {
		return
	}
	s := a.State()
	text, err := json.MarshalIndent(kept{Format: keptFormat, State: s, Vault: s.Vault, Jobs: a.keeper.jobs}, "", "  ")
	if err == nil {
		err = writeWhole(filepath.Join(a.options.Data, keptName), append(text, '\n'))
	}
	if err != nil {
		a.log.Error("jobs and state could not be kept and will be lost at the end", "error", err)
	}
}

// writeWhole writes a file for its owner, whole or not at all.
func writeWhole(file string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
