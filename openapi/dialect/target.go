package dialect

// The keys of the open questions that only the SSH server of a backup can answer.
const (
	HostPort  Key = "host-port"
	HostKeys  Key = "host-key"
	Transfer  Key = "backup-transfer"
	NameForm  Key = "backup-name"
	NewestFor Key = "newest-by"
)

// targetQuestions are those that are seen from the machine that a backup goes to.
var targetQuestions = []Question{
	{
		Key: HostPort, Ask: "May hostname name a port, as in 192.0.2.1:2222?",
		Why: "backup, Start new Backup: host name or IP of the remote machine", Observed: true,
		Answers: []Answer{{"accept", "it is dialled"}, {"reject", "BAD_REQUEST"}, {"error", "the job ends in ERROR without a connection"}},
	},
	{
		Key: HostKeys, Ask: "What does a backup do when the machine shows another host key than before?",
		Why: "backup: silent", Observed: true,
		Answers: []Answer{{"verify", "it ends in ERROR"}, {"ignore", "it goes on"}},
	},
	{
		Key: Transfer, Ask: "How do the files of a backup travel?",
		Why: "backup: an SSH password, nothing else", Observed: true,
		Answers: []Answer{{"sftp", "SFTP"}, {"scp", "the old scp protocol"}, {"rsync", "rsync over SSH"}, {"commands", "commands of the shell"}},
	},
	{
		Key: NameForm, Ask: "How is the directory of a backup named?",
		Why: "backup, Backup Status: subdir is shown as backup_name", Observed: true,
		Answers: []Answer{{"minute", "by its start, as YYYYMMDD_HHMM"}, {"other", "in another way"}},
	},
	{
		Key: NewestFor, Ask: "What makes a directory the newest, for a restore?",
		Why:     "backup, Start restore: the latest directory",
		Answers: []Answer{{"name", "its name"}, {"time", "its time of change"}},
	},
}
