package fools

// oddBefore say in other words that no backup has succeeded yet.
func oddBefore() []Fool {
	return []Fool{
		odd("before-run-empty-list", "has an empty list until the first backup is started", editAnswers(getBackup, func(_ *call, a *answer) {
			_, _, running := a.backupRecords()
			if status, _ := running.text("status"); status == "NONE" {
				a.edit(func(any) any { return []any{} })
			}
		})),
		odd("before-run-words", "says N/A for what it does not know of a last backup", editAnswers(getBackup, func(_ *call, a *answer) {
			_, last, _ := a.backupRecords()
			if host, ok := last.text("host"); !ok || host != "" {
				return
			}
			a.edit(func(v any) any {
				_, last, _ := records(v)
				for _, k := range []string{"host", "username", "path", "subdir"} {
					last.set(k, "N/A")
				}
				last.set("timeStamp", number(0))
				return v
			})
		})),
	}
}
