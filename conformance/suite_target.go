package conformance

import (
	"slices"

	"github.com/flowgate-dev/flowgate/conformance/corpus"
	"github.com/flowgate-dev/flowgate/conformance/rules"
)

// targetChecks judge jobs from both ends: by what the device says of them and by what the SSH server of the run saw.
func targetChecks() []row {
	good := []string{corpus.TargetFirst}
	hang := "target/backup/hang"
	backups := slices.DeleteFunc(slices.Concat(rules.FarBackups.Failed, []string{corpus.TargetFirst, corpus.TargetAfter}), func(p string) bool { return p == hang })
	restored := []string{corpus.TargetNewest, corpus.TargetLatest}
	rows := []row{
		{"backup/target/reached", "", good, rules.FarReached},
		{"backup/target/account", "", good, rules.FarAccount},
		{"backup/target/completes", "", good, rules.FarCompletes},
		{"backup/target/path", "", good, rules.FarPath},
		{"backup/target/subdir", "", good, rules.FarSubdir},
		{"backup/target/protected", "", good, rules.FarProtected},
		{"backup/target/secrets", "", good, rules.FarSecrets},
		{"backup/target/recovers", "", []string{corpus.TargetAfter}, rules.FarRecovers},
		{"backup/target/host-port", "", good, rules.FarPort},
		{"backup/target/transfer", "", good, rules.FarTransfer},
		{"backup/target/name", "", good, rules.FarName},
		{"restore/target/read", "", restored, rules.FarRead},
		{"restore/target/latest", "", restored, rules.FarLatest},
		{"restore/target/newest-by", "", append(slices.Clone(restored), corpus.TargetByTime), rules.FarNewestBy},
		{"restore/target/round-trip", "", restored, rules.FarRoundTrip},
	}
	for _, f := range corpus.BackupFailures() {
		if f.Name == corpus.HostKeyChanged {
			rows = append(rows, row{"backup/target/host-key", "", []string{f.Probe(false)}, rules.FarHostKey})
			continue
		}
		rows = append(rows, row{"backup/target/failure", f.Name, []string{f.Probe(false)}, rules.FarFailure(rules.FarBackups, f)})
	}
	for _, f := range corpus.RestoreFailures() {
		rows = append(rows, row{"restore/target/failure", f.Name, []string{corpus.TargetLatest, f.Probe(true)}, rules.FarFailure(rules.FarRestores, f)})
	}
	// What is promised of every backup holds of these too.
	k := rules.FarBackups
	return append(rows,
		row{"backup/status/last-successful/only-success", "ssh", backups, rules.OnlySuccess(k)},
		row{"backup/status/running/started", "ssh", backups, rules.Started(k)},
		row{"backup/status/running/latest", "ssh", backups, rules.Latest(k)},
		row{"backup/status/running/final", "ssh", backups, rules.Final(k)},
		row{"backup/status/running/ends", "ssh", []string{hang}, rules.Ends(k)},
		row{"backup/status/running/error-message", "ssh", backups, rules.ErrorMessage(k)},
	)
}
