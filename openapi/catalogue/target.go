package catalogue

// targetRequirements are what the document promises of the other machine of a job, which only that machine can tell.
func targetRequirements() []Requirement {
	b := &section{doc: Backup, name: "Start new Backup", prefix: "backup/target"}
	b.add("reached", "CreateBackup.hostname", Must, Stated, "A backup that is COMPLETED has logged in on the machine that hostname names.")
	b.add("account", "CreateBackup.password", Must, Stated, "The log-in on that machine is with the username and password that were given.")
	b.add("completes", "CreateBackup.hostname", Should, Inferred, "A backup to a machine that takes all that it sends succeeds.")
	b.add("path", "CreateBackup.path", Must, Stated, "A backup that is COMPLETED lies below path on that machine, and nowhere else.")
	b.add("subdir", "last_successful.subdir", Must, Stated, "subdir is the directory on that machine in which the files of the backup lie.")
	b.add("protected", "CreateBackup.security_pwd", Must, Stated, "security_pwd protects a backup: not all of it can be read without.")
	b.add("secrets", "CreateBackup.password", Must, Inferred, "Neither the files of a backup nor what was done to bring them there hold a password that was given.")
	b.add("failure", "running.status", Must, Stated, "A backup whose files did not arrive has status ERROR, whatever kept them from it.")
	b.add("recovers", "", Must, Inferred, "After backups that failed, a backup to the same machine succeeds once nothing is wrong any more.")
	b.add("host-key", "CreateBackup.hostname", May, Silent, "Whether the key of the machine is looked at is not said.")
	b.add("host-port", "CreateBackup.hostname", May, Silent, "Whether hostname may name a port is not said.")
	b.add("transfer", "", May, Silent, "By which program or protocol files travel over SSH is not said.")
	b.add("name", "last_successful.subdir", May, Silent, "How the directory of a backup is named is not said.")
	r := &section{doc: Backup, name: "Start restore", prefix: "restore/target"}
	r.add("read", "CreateRestore.hostname", Must, Stated, "A restore that is COMPLETED has logged in on the machine that hostname names and read the backup there.")
	r.add("latest", "CreateRestore.path", Must, Stated, "The backup that is restored is the newest directory below path on that machine.")
	r.add("newest-by", "CreateRestore.path", May, Silent, "Whether the name or the time of a directory makes it the newest is not said.")
	r.add("failure", "GetRestore.status", Must, Stated, "A restore for which there is no whole backup, or not the right passwords, does not end as COMPLETED.")
	r.add("round-trip", "", Must, Inferred, "After a restore of a backup just made the appliance tells the same of itself as before.")
	return append(b.rows, r.rows...)
}
