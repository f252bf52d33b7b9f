package catalogue

import "strings"

// slug turns a field name of the documents into a part of an id: n_bad_bytes → n-bad-bytes, timeStamp → timestamp.
func slug(field string) string { return strings.ToLower(strings.ReplaceAll(field, "_", "-")) }

// backupRequirements are the promises of the backup and restore document.
func backupRequirements() []Requirement {
	var rows []Requirement
	for _, build := range []func() []Requirement{backupStatus, startBackup, restoreStatus, startRestore} {
		rows = append(rows, build()...)
	}
	return append(rows, errorRequirements(Backup, "backup/errors", false)...)
}

func backupStatus() []Requirement {
	s := &section{doc: Backup, name: "Backup Status", prefix: "backup/status"}
	s.add("resource", "GET backup", Must, Stated, "A GET of the backup resource is answered with the status of backups.")
	s.add("authorization", "", Must, Stated, "The request requires authorization.")
	s.add("media-type", "", Should, Inferred, "The body is JSON and its Content-Type says so.")
	s.add("list", "GetBackup", Must, Stated, "The body is a JSON array.")
	s.add("item", "GetBackup[BackupStatus]", Must, Stated, "The array holds one object with last_successful and running.")
	s.add("extra-keys", "GetBackup[BackupStatus]", May, Silent, "Whether there may be keys that the document does not list is not said.")
	s.add("before-run", "GetBackup[BackupStatus]", May, Silent, "What stands here before any backup has run is not said.")
	s.add("last-successful", "last_successful", Must, Stated, "last_successful is an object that tells of the last backup that succeeded.")
	lastFields := []struct{ key, text string }{
		{"host", "host is a string, the machine as it was given."},
		{"username", "username is a string, the user as it was given."},
		{"message", "message is optional; where it is there it is a string."},
		{"path", "path is a string, the directory as it was given."},
		{"subdir", "subdir is a string, the directory of the backup itself."},
		{"timeStamp", "timeStamp tells the start of the backup in epoch seconds; a string by the table, a number by the example."},
	}
	for _, f := range lastFields {
		s.add("last-successful/"+slug(f.key), "last_successful."+f.key, Must, timestampStanding(f.key), "In last_successful, "+f.text)
	}
	s.add("last-successful/subdir-below-path", "last_successful.subdir", Must, Stated, "subdir lies below path.")
	s.add("last-successful/only-success", "last_successful", Must, Stated, "last_successful changes when a backup completes and at no other time.")
	s.add("last-successful/same-run", "last_successful", Must, Inferred, "After a backup has completed, last_successful and running tell of the same run.")
	s.add("running", "running", Must, Stated, "running is an object that tells of the backup that was started last.")
	for _, f := range []struct{ key, text string }{
		{"host", "host is a string, the machine as it was given."},
		{"username", "username is a string, the user as it was given."},
		{"message", "message is optional; where it is there it is a string."},
		{"path", "path is a string, the directory as it was given."},
		{"timeStamp", "timeStamp tells the start of the backup in epoch seconds; a string by the table, a number by the example."},
		{"status", "status is NONE, EXECUTING, ERROR or COMPLETED."},
	} {
		s.add("running/"+slug(f.key), "running."+f.key, Must, timestampStanding(f.key), "In running, "+f.text)
	}
	s.add("running/latest", "running", Must, Stated, "running tells of the backup that was started last, whether it runs or has ended.")
	s.add("running/started", "running.timeStamp", Must, Stated, "timeStamp is the time at which the backup was started.")
	s.add("running/executing", "running.status", Must, Stated, "While a backup is in progress its status is EXECUTING.")
	s.add("running/completed", "running.status", Must, Stated, "A backup that succeeded has status COMPLETED.")
	s.add("running/error", "running.status", Must, Stated, "A backup that failed has status ERROR.")
	s.add("running/ends", "running.status", Should, Inferred, "A backup ends.")
	s.add("running/final", "running.status", Must, Inferred, "A backup that has ended does not change its status again.")
	s.add("running/error-message", "running.message", Should, Stated, "A failed backup says in message what went wrong.")
	return s.rows
}

func timestampStanding(key string) Standing {
	if key == "timeStamp" {
		return Contradicted
	}
	return Stated
}

func startBackup() []Requirement {
	s := &section{doc: Backup, name: "Start new Backup", prefix: "backup/start"}
	s.add("resource", "POST backup", Must, Stated, "A POST to the backup resource starts a backup.")
	s.add("authorization", "", Must, Stated, "The request requires authorization.")
	s.add("empty-response", "Response Body", Must, Stated, "Success has no body.")
	s.add("status", "Response Body", May, Silent, "Which status of the 2xx class success has is not said.")
	s.add("example", "Example", Should, Exemplified, "A body with the five fields of the example is taken.")
	jobFields(s, "CreateBackup")
	s.add("security-pwd/protects", "CreateBackup.security_pwd", Must, Stated, "A restore from this backup needs the same security_pwd.")
	s.add("second-job", "", May, Silent, "What a backup gets that is posted while another runs is not said.")
	s.add("secrets", "CreateBackup.password", Must, Inferred, "No status, message or error gives back a password.")
	return s.rows
}

// jobFields are the request fields that backup and restore share.
func jobFields(s *section, object string) {
	s.add("structure", object, Must, Inferred, "A body that is no JSON, or no object, is an invalid argument.")
	s.add("unknown-key", object, May, Silent, "What a key that the document does not know means is not said.")
	s.add("content-type", object, May, Silent, "Which Content-Type the request must carry is not said.")
	s.add("hostname", object+".hostname", Must, Stated, "hostname is a string that names the machine; without it, or with another type, the argument is invalid.")
	s.add("hostname/localhost", object+".hostname", Must, Stated, "hostname localhost means the appliance's own disk.")
	s.add("hostname/unreachable", object+".hostname", Must, Inferred, "A machine that cannot be reached ends in an error, at once or as status ERROR.")
	s.add("username", object+".username", Must, Stated, "username is a string; for another machine it is needed.")
	s.add("username/default", object+".username", Must, Stated, "For localhost no username is needed: mazu is used.")
	s.add("password", object+".password", Must, Stated, "password is a string, the SSH password on the other machine.")
	s.add("password/absent", object+".password", May, Silent, "Whether a password is needed for another machine where keys are set up is not said.")
	s.add("password/localhost", object+".password", Must, Stated, "For localhost no password is needed.")
	s.add("path", object+".path", Must, Stated, "path is a string, the directory for backups; for another machine it is needed.")
	s.add("path/default", object+".path", Must, Stated, "For localhost no path is needed: /mnt/data/flowgateway-backup is used.")
	s.add("security-pwd", object+".security_pwd", Must, Stated, "security_pwd is a string that protects the sensitive data.")
	s.add("security-pwd/absent", object+".security_pwd", May, Silent, "Whether security_pwd may be left out or empty is not said.")
}

func restoreStatus() []Requirement {
	s := &section{doc: Backup, name: "Restore Status", prefix: "restore/status"}
	s.add("resource", "GET restore", Must, Stated, "A GET of the restore resource is answered with the status of restores.")
	s.add("authorization", "", Must, Stated, "The request requires authorization.")
	s.add("media-type", "", Should, Inferred, "The body is JSON and its Content-Type says so.")
	s.add("object", "GetRestore", Must, Stated, "The body is a JSON object.")
	s.add("extra-keys", "GetRestore", May, Silent, "Whether there may be keys that the document does not list is not said.")
	s.add("before-run", "GetRestore", May, Silent, "What stands here before any restore has run is not said.")
	s.add("host", "GetRestore.host", Must, Stated, "host is a string, the machine.")
	s.add("username", "GetRestore.username", Must, Stated, "username is a string, the user on that machine.")
	s.add("message", "GetRestore.message", Must, Stated, "message is optional; where it is there it is a string.")
	s.add("path", "GetRestore.path", Must, Stated, "path is a string, the location of the backup.")
	s.add("path/includes-backup", "GetRestore.path", Must, Stated, "path includes the name of the backup's directory.")
	s.add("subdir", "GetRestore.subdir", Must, Contradicted, "subdir is in the table and not in the example: it may be absent; where it is there it is a string.")
	s.add("timestamp", "GetRestore.timeStamp", Must, Contradicted, "timeStamp tells the start of the restore in epoch seconds; a string by the table, a number by the example.")
	s.add("status", "GetRestore.status", Must, Stated, "status is NONE, EXECUTING, ERROR or COMPLETED.")
	s.add("latest", "GetRestore", Must, Inferred, "The status tells of the restore that was started last.")
	s.add("started", "GetRestore.timeStamp", Must, Stated, "timeStamp is the time at which the restore was started.")
	s.add("executing", "GetRestore.status", Must, Stated, "While a restore is in progress its status is EXECUTING.")
	s.add("completed", "GetRestore.status", Must, Stated, "A restore that succeeded has status COMPLETED.")
	s.add("error", "GetRestore.status", Must, Stated, "A restore that failed has status ERROR.")
	s.add("ends", "GetRestore.status", Should, Inferred, "A restore ends.")
	s.add("final", "GetRestore.status", Must, Inferred, "A restore that has ended does not change its status again.")
	s.add("error-message", "GetRestore.message", Should, Stated, "A failed restore says in message what went wrong.")
	return s.rows
}

func startRestore() []Requirement {
	s := &section{doc: Backup, name: "Start restore", prefix: "restore/start"}
	s.add("resource", "POST restore", Must, Stated, "A POST to the restore resource starts a restore.")
	s.add("authorization", "", Must, Stated, "The request requires authorization.")
	s.add("empty-response", "Response Body", Must, Stated, "Success has no body.")
	s.add("status", "Response Body", May, Silent, "Which status of the 2xx class success has is not said.")
	s.add("example", "Example", Should, Exemplified, "A body with the six fields of the example is taken.")
	jobFields(s, "CreateRestore")
	s.add("path/latest", "CreateRestore.path", Must, Stated, "The newest directory below path is the backup that is restored.")
	s.add("security-pwd/checked", "CreateRestore.security_pwd", Must, Stated, "A security_pwd other than the backup's does not restore it.")
	s.add("no-cert", "CreateRestore.no_cert", Must, Stated, "no_cert is a string.")
	s.add("no-cert/absent", "CreateRestore.no_cert", May, Silent, "What a restore without no_cert does is not said.")
	s.untested("no-cert/effect", "CreateRestore.no_cert", Stated, "no_cert decides whether cloak_key, snmp and ntp in the vault are decompressed.",
		"the two documents name no resource in which the restored vault could be seen")
	s.add("second-job", "", May, Silent, "What a restore gets that is posted while another runs is not said.")
	s.add("secrets", "CreateRestore.password", Must, Inferred, "No status, message or error gives back a password.")
	return s.rows
}

// commonRequirements are facts of the Common API, which the two documents only refer to: nothing here can fail a device.
// What the promise that every request is authenticated entails for its ways to log in stands in accessRequirements.
func commonRequirements() []Requirement {
	s := &section{doc: Common, name: "Common API", prefix: "common"}
	s.add("services", "services", May, Inferred, "The services and their versions are listed.")
	s.add("auth-info", "auth_info", May, Inferred, "The supported methods of authentication are listed.")
	s.add("info", "info", May, Inferred, "Model, serial number and software version are told.")
	s.add("ping", "ping", May, Inferred, "A ping with good credentials is answered without a body.")
	return s.rows
}
