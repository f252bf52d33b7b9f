package mockserver_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/flowgate-dev/flowgate/mockserver"
	"github.com/flowgate-dev/flowgate/openapi/dialect"
)

const (
	templateA = `{"stats_type":"flows_per_minute","interval_type":"minutes","time_interval":3,"source_ip":"192.0.2.1"}`
	templateB = `{"stats_type":"flows_per_minute","start_time":"08/01/2024 22:05:00","end_time":"08/01/2024 22:07:00","source_ip":"192.0.2.1"}`
	allSource = `{"stats_type":"flows_per_minute","start_time":1704751500,"end_time":1704751620,"source_ip":""}`
	localJob  = `{"hostname":"localhost","security_pwd":"EncryptionKey"}`
	remoteJob = `{"hostname":"192.0.2.77","username":"u","password":"p","path":"/b","security_pwd":"EncryptionKey"}`
)

// swap replaces one part of a text.
func swap(text, from, to string) string { return strings.Replace(text, from, to, 1) }

// seen is what a client sees of one answer.
func seen(t *testing.T, a *mockserver.Appliance, method, path, body string, headers ...string) string {
	w := ask(t, a, method, path, body, headers...)
	return fmt.Sprintf("%d %s %s", w.Code, w.Header().Get("Content-Type"), w.Body)
}

// knobs says, for each open question that is the appliance's to answer, what to do to see the answer.
func knobs() map[dialect.Key]func(t *testing.T, a *mockserver.Appliance) string {
	stats := func(body string, headers ...string) func(*testing.T, *mockserver.Appliance) string {
		return func(t *testing.T, a *mockserver.Appliance) string {
			return seen(t, a, "GET", statsPath, body, headers...)
		}
	}
	started := func(path, body, show string) func(*testing.T, *mockserver.Appliance) string {
		return func(t *testing.T, a *mockserver.Appliance) string {
			return seen(t, a, "POST", path, body) + settled(t, a, show)
		}
	}
	jobDone := started(backupPath, localJob, backupPath)
	before := func(t *testing.T, a *mockserver.Appliance) string {
		return seen(t, a, "GET", backupPath, "") + seen(t, a, "GET", restorePath, "")
	}
	twice := func(t *testing.T, a *mockserver.Appliance) string {
		seen(t, a, "POST", backupPath, localJob)
		return seen(t, a, "POST", backupPath, localJob)
	}
	return map[dialect.Key]func(*testing.T, *mockserver.Appliance) string{
		dialect.RequestForm: func(t *testing.T, a *mockserver.Appliance) string {
			return stats(templateA)(t, a) + stats("["+templateA+"]")(t, a)
		},
		dialect.EmptyArray:    stats("[]"),
		dialect.ArrayOfTwo:    stats("[" + templateA + "," + templateB + "]"),
		dialect.ExtraKeys:     stats(swap(templateA, "{", `{"zz":1,`)),
		dialect.ContentType:   stats(templateA, "Content-Type", "application/x-www-form-urlencoded"),
		dialect.AbsentSource:  stats(swap(templateA, `,"source_ip":"192.0.2.1"`, "")),
		dialect.TemplateBZone: stats(templateB),
		dialect.WindowEdges: func(t *testing.T, a *mockserver.Appliance) string {
			inside := stats(`{"stats_type":"flows_per_minute","start_time":1704751510,"end_time":1704751630,"source_ip":"192.0.2.1"}`)(t, a)
			return inside + stats(swap(allSource, `""`, `"192.0.2.1"`))(t, a)
		},
		dialect.CurrentBucket:   stats(templateA),
		dialect.SilentBuckets:   stats(allSource),
		dialect.RowOrder:        stats(swap(allSource, "1704751620", "1704751680")),
		dialect.AllSources:      stats(allSource),
		dialect.UnknownSource:   stats(swap(templateA, "192.0.2.1", "198.51.100.1")),
		dialect.ZeroInterval:    stats(swap(templateA, `":3`, `":0`)),
		dialect.ReversedWindow:  stats(`{"stats_type":"flows_per_minute","start_time":1704751620,"end_time":1704751500,"source_ip":""}`),
		dialect.FutureWindow:    stats(`{"stats_type":"flows_per_minute","start_time":1804751500,"end_time":1804751620,"source_ip":""}`),
		dialect.MonthLength:     stats(`{"stats_type":"flows_per_hour","interval_type":"months","time_interval":1,"source_ip":"192.0.2.1"}`),
		dialect.PeakInterval:    stats(`{"stats_type":"flows_per_hour","start_time":1704744000,"end_time":1704747600,"source_ip":""}`),
		dialect.EpochForm:       stats(swap(allSource, "1704751500", "1704751500.0")),
		dialect.TimestampType:   jobDone,
		dialect.StartStatus:     jobDone,
		dialect.SecondJob:       twice,
		dialect.BadHost:         started(backupPath, remoteJob, backupPath),
		dialect.StatusBeforeRun: before,
		dialect.EmptyMessage:    jobDone,
		dialect.RestoreSubdir: func(t *testing.T, a *mockserver.Appliance) string {
			jobDone(t, a)
			return started(restorePath, localJob, restorePath)(t, a)
		},
		dialect.BackupNameZone: jobDone,
		dialect.NameCollision: func(t *testing.T, a *mockserver.Appliance) string {
			jobDone(t, a)
			a.Clock().Set(moment)
			return jobDone(t, a)
		},
		dialect.NewestFor: func(t *testing.T, a *mockserver.Appliance) string {
			jobDone(t, a)
			a.Clock().Set(moment.Add(-time.Hour)) // the later one has the earlier name
			jobDone(t, a)
			return started(restorePath, localJob, restorePath)(t, a)
		},
		dialect.AbsentNoCert: func(t *testing.T, a *mockserver.Appliance) string {
			jobDone(t, a)
			return seen(t, a, "POST", restorePath, localJob)
		},
		dialect.BackupWrongMethod: func(t *testing.T, a *mockserver.Appliance) string { return seen(t, a, "PUT", backupPath, "") },
		dialect.UnknownPath:       func(t *testing.T, a *mockserver.Appliance) string { return seen(t, a, "GET", "/api/nothing", "") },
		dialect.ErrorInfo:         stats("[]"),
		dialect.MalformedAuth:     stats(templateA, "Authorization", "Basic %%%"),
		dialect.AuthBeforeMethod: func(t *testing.T, a *mockserver.Appliance) string {
			return seen(t, a, "POST", statsPath, "", "Authorization", "")
		},
		dialect.OpenCommonResource: func(t *testing.T, a *mockserver.Appliance) string {
			return seen(t, a, "GET", "/api/common/1.0/services", "", "Authorization", "")
		},
	}
}

// TestEveryAnswerOfEveryOpenQuestionShows sets one knob at a time: each of its answers must look different from the
// others, and all other answers stay what they are.
func TestEveryAnswerOfEveryOpenQuestionShows(t *testing.T) {
	table := knobs()
	for _, q := range dialect.Questions() {
		look, there := table[q.Key]
		if q.Observed {
			require.False(t, there, "%s can be answered in several ways, so it is not only observed", q.Key)
			continue
		}
		require.True(t, there, "no way to see the answer to %s", q.Key)
		t.Run(string(q.Key), func(t *testing.T) {
			answers := q.Answers
			if q.Pattern != "" {
				answers = append(answers, dialect.Answer{Name: "+05:30"}, dialect.Answer{Name: "-03:00"})
			}
			shown := map[string]string{}
			for _, answer := range answers {
				a := standing(t, func(o *mockserver.Options) { o.Dialect = dialect.Dialect{q.Key: answer.Name} })
				text := look(t, a)
				require.Empty(t, shown[text], "%s looks like %s: %s", answer.Name, shown[text], text)
				shown[text] = answer.Name
				require.NotContains(t, text, "INTERNAL_ERROR")
			}
		})
	}
}

func TestTheAnswersMeanWhatTheTableSays(t *testing.T) {
	with := func(key dialect.Key, answer string) func(*mockserver.Options) {
		return func(o *mockserver.Options) { o.Dialect = dialect.Dialect{key: answer} }
	}
	times := func(rows []row) (out []string) {
		for _, r := range rows {
			out = append(out, r.Time[11:16]+" "+r.Source)
		}
		return out
	}
	t.Run("template-b-zone", func(t *testing.T) {
		rows := rowsOf(t, standing(t, with(dialect.TemplateBZone, "+05:30")), templateB)
		require.Equal(t, []string{"16:35 192.0.2.1", "16:36 192.0.2.1"}, times(rows))
	})
	t.Run("window-edges", func(t *testing.T) {
		want := map[string][]string{
			"cover": {"22:05", "22:06", "22:07"}, "start": {"22:06", "22:07"}, "inside": {"22:06"}, "closed": {"22:06", "22:07"},
		}
		for answer, minutes := range want {
			rows := rowsOf(t, standing(t, with(dialect.WindowEdges, answer)), swap(swap(templateB, "22:05:00", "22:05:10"), "22:07:00", "22:07:10"))
			require.Len(t, rows, len(minutes), answer)
			for i, r := range rows {
				require.Equal(t, minutes[i], r.Time[11:16], answer)
			}
		}
	})
	t.Run("row-order", func(t *testing.T) {
		want := map[string][]string{
			"time":   {"22:05 192.0.2.1", "22:06 192.0.2.1", "22:06 2001:db8::2", "22:07 192.0.2.1"},
			"source": {"22:05 192.0.2.1", "22:06 192.0.2.1", "22:07 192.0.2.1", "22:06 2001:db8::2"},
			"newest": {"22:07 192.0.2.1", "22:06 192.0.2.1", "22:06 2001:db8::2", "22:05 192.0.2.1"},
		}
		for answer, rows := range want {
			require.Equal(t, rows, times(rowsOf(t, standing(t, with(dialect.RowOrder, answer)), swap(allSource, "1704751620", "1704751680"))), answer)
		}
	})
	t.Run("all-sources", func(t *testing.T) {
		rows := rowsOf(t, standing(t, with(dialect.AllSources, "sum")), allSource)
		require.Equal(t, []string{"22:05 ", "22:06 "}, times(rows))
		require.EqualValues(t, 1830*11, rows[1].Flows)
		require.Equal(t, "600", rows[1].PeakFlows, "the largest that any one source had")
	})
	t.Run("current-bucket", func(t *testing.T) {
		rows := rowsOf(t, standing(t, with(dialect.CurrentBucket, "include")), templateA)
		require.Len(t, rows, 4)
		require.EqualValues(t, 30*31/2, rows[3].Flows, "30 seconds have passed")
	})
	t.Run("peak-interval", func(t *testing.T) {
		rows := rowsOf(t, standing(t, with(dialect.PeakInterval, "minute")), `{"stats_type":"flows_per_hour","start_time":1704744000,"end_time":1704747600,"source_ip":"192.0.2.1"}`)
		require.Equal(t, "1830", rows[0].PeakFlows)
	})
	t.Run("month-length", func(t *testing.T) {
		ask := `{"stats_type":"flows_per_hour","interval_type":"months","time_interval":1,"source_ip":"192.0.2.1"}`
		require.Equal(t, "2023-12-08 22:00:00+00:00", rowsOf(t, standing(t), ask)[0].Time)
		require.Equal(t, "2023-12-09 22:00:00+00:00", rowsOf(t, standing(t, with(dialect.MonthLength, "30d")), ask)[0].Time)
	})
	t.Run("backup-name-zone and name-collision", func(t *testing.T) {
		subdir := regexp.MustCompile(`"subdir":"([^"]*)"`)
		a := standing(t, with(dialect.BackupNameZone, "+05:30"))
		for _, want := range []string{"20240109_0341", "20240109_0341_2", "20240109_0341_3"} {
			a.Clock().Set(moment)
			require.Equal(t, http.StatusOK, ask(t, a, "POST", backupPath, localJob).Code)
			require.Equal(t, "/mnt/data/flowgateway-backup/"+want, subdir.FindStringSubmatch(settled(t, a, backupPath))[1])
		}
	})
}
