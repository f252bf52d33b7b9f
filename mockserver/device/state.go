package device

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// State is what the appliance is and is set to: what a backup saves and a restore brings back.
type State struct {
	Model         string            `json:"model"`
	Serial        string            `json:"serial"`
	Version       string            `json:"sw_version"`
	Name          string            `json:"device_name"`
	MgmtAddresses []string          `json:"mgmt_addresses"`
	Settings      map[string]string `json:"settings"`
	Vault         Vault             `json:"-"`
}

// Vault is the sensitive part of the state; a backup holds it encrypted only.
type Vault struct {
	CloakKey string `json:"cloak_key"`
	SNMP     string `json:"snmp"`
	NTP      string `json:"ntp"`
}

// Identity is the state of a fresh appliance, the same for the same seed.
func Identity(seed uint64) State {
	r := rand.New(rand.NewPCG(seed, 0x666c6f7767617465))
	return State{
		Model:         "FGW-2260",
		Serial:        fmt.Sprintf("FG%010X", r.Uint64()>>24),
		Version:       "10.27.0 (flowgate)",
		Name:          fmt.Sprintf("flowgateway-%04x", r.Uint32()>>16),
		MgmtAddresses: []string{fmt.Sprintf("192.0.2.%d", 1+r.IntN(254))},
		Settings:      map[string]string{"collector_ports": "2055", "time_zone": "UTC"},
		Vault: Vault{
			CloakKey: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()),
			SNMP:     fmt.Sprintf("community-%08x", r.Uint32()),
			NTP:      fmt.Sprintf("key-%08x", r.Uint32()),
		},
	}
}

// Clone is a copy that shares nothing with s.
func (s State) Clone() State {
	s.MgmtAddresses, s.Settings = slices.Clone(s.MgmtAddresses), maps.Clone(s.Settings)
	return s
}

// Restored is the state after a restore: all of saved, but the vault's secrets only where they were asked for.
func (s State) Restored(saved State, withVault bool) State {
	vault := s.Vault
	s = saved.Clone()
	if !withVault {
		s.Vault = vault
	}
	return s
}
