package fools

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// manner is how a courier does the jobs that go to another machine. The zero value is a lawful one: by SFTP, one sealed
// file in a directory named by the minute, any host key, and the newest name for a restore.
type manner struct {
	refuse   func(host string) *answer // answers a job instead of doing it; nil: none
	idle     func(host string) bool    // goes nowhere and says COMPLETED
	finds    func(host string) bool    // whether it finds the machine; nil: it does
	login    func(user, password string) (u, p string)
	by       string                                      // sftp, scp or commands
	dir      func(path string) string                    // where it really writes
	name     func(began time.Time) string                // of the directory
	files    func(j *errand) []file                      // instead of the sealed file
	also     func(e *farEnd, j *errand)                  // is done before the files are brought
	tell     func(path, dir string) string               // subdir as it is told
	status   func(err error) string                      // of a backup that came to err
	moves    bool                                        // last_successful tells of failed backups too
	pins     bool                                        // the machine must show the key that it showed first
	patience time.Duration                               // for a log-in; 0 is limit
	pick     func(e *farEnd, p string, d []entry) string // the directory to restore
	trust    func(err error) string                      // status of a restore that came to err
	blind    bool                                        // restores without looking
	sticks   bool                                        // fails for ever after a backup has failed
}

// errand is one job to another machine.
type errand struct {
	host, user, password, path, secret string
	began                              int64
}

// courier does jobs to other machines itself; the device within does everything else.
type courier struct {
	manner
	within  step
	running *object // record of the latest backup, where that was ours
	last    *object // and of the last that succeeded
	theirs  string  // last_successful of the device within when last became ours
	restore *object // record of the latest restore, where that was ours
	key     ssh.PublicKey
	stuck   bool
}

func couriers(m manner) behaviour {
	return func(within step) step { return (&courier{manner: m, within: within}).step }
}

// elsewhere reports a job for a machine that there may be: none of the addresses for documentation.
func elsewhere(o *object) bool {
	h, _ := o.text("hostname")
	return h != "" && h != "localhost" && !strings.HasPrefix(h, "192.0.2.")
}

func (v *courier) step(c *call) *answer {
	o := jobRequest(c)
	ours := startsJob(c) && o != nil && elsewhere(o) && wellFormed(o, startRestore(c))
	if !ours {
		a := v.within(c)
		switch {
		case getBackup(c) && a.ok():
			v.tellBackups(a)
		case getRestore(c) && a.ok() && v.restore != nil:
			a.edit(func(any) any { return v.restore })
		case startBackup(c) && a.ok():
			v.running = nil
		case startRestore(c) && a.ok():
			v.restore = nil
		}
		return a
	}
	look := v.within(c.as(http.MethodGet).with(nil))
	if !look.ok() {
		return look
	}
	if v.refuse != nil {
		if a := v.refuse(textOf(o, "hostname")); a != nil {
			return a
		}
	}
	now, err := http.ParseTime(look.header.Get("Date"))
	if err != nil {
		return refusal(http.StatusInternalServerError, "INTERNAL_ERROR", "There is no clock.")
	}
	j := &errand{textOf(o, "hostname"), textOf(o, "username"), textOf(o, "password"), textOf(o, "path"), textOf(o, "security_pwd"), now.Unix()}
	if startRestore(c) {
		v.restores(j)
	} else {
		v.backsUp(j, look)
	}
	return &answer{status: http.StatusOK, header: http.Header{}}
}

// tellBackups puts our records in the place of those of the device within, until it has newer ones.
func (v *courier) tellBackups(a *answer) {
	a.edit(func(value any) any {
		list, last, _ := records(value)
		if list == nil {
			return value
		}
		o, _ := list[0].(*object)
		if v.running != nil {
			o.set("running", v.running)
		}
		if v.last != nil && identity(last) == v.theirs {
			o.set("last_successful", v.last)
		}
		return value
	})
}

func (j *errand) record() *object {
	return newObject("host", j.host, "username", j.user, "message", "", "path", j.path, "timeStamp", number(j.began))
}

func (v *courier) backsUp(j *errand, look *answer) {
	dir, err := "", error(nil)
	switch {
	case v.idle != nil && v.idle(j.host):
		dir = j.path + "/" + v.named(j)
	case v.stuck:
		err = errors.New("an earlier backup has failed")
	default:
		dir, err = v.brings(j)
	}
	v.stuck = v.sticks && err != nil
	status := "COMPLETED"
	if err != nil {
		status = "ERROR"
	}
	if v.status != nil {
		status = v.status(err)
	}
	v.running = j.record()
	v.running.set("status", status)
	if status == "ERROR" {
		v.running.set("message", fmt.Sprint("The backup has failed: ", err))
	}
	if status != "COMPLETED" && !(v.moves && status == "ERROR") {
		return
	}
	if dir == "" {
		dir = j.path + "/" + v.named(j)
	}
	if v.tell != nil {
		dir = v.tell(j.path, dir)
	}
	v.last = j.record()
	v.last.set("subdir", dir)
	if _, last, _ := look.backupRecords(); last != nil {
		v.theirs = identity(last)
	}
}

func (v *courier) named(j *errand) string {
	if v.name != nil {
		return v.name(time.Unix(j.began, 0).UTC())
	}
	return time.Unix(j.began, 0).UTC().Format("20060102_1504")
}

// enter logs in as the manner says.
func (v *courier) enter(j *errand) (*farEnd, error) {
	if v.finds != nil && !v.finds(j.host) {
		return nil, errors.New("there is no such host")
	}
	user, password := j.user, j.password
	if v.login != nil {
		user, password = v.login(user, password)
	}
	known := v.key
	if !v.pins {
		known = nil
	}
	within := v.patience
	if within == 0 {
		within = limit
	}
	end, shown, err := dial(j.host, user, password, known, within)
	if err != nil {
		return nil, err
	}
	v.key = shown
	return end, nil
}

// brings takes a backup to the other machine and returns its directory as it is to be told.
func (v *courier) brings(j *errand) (string, error) {
	end, err := v.enter(j)
	if err != nil {
		return "", err
	}
	defer end.close()
	where := j.path
	if v.dir != nil {
		where = v.dir(where)
	}
	name := v.named(j)
	for n := 2; ; n++ {
		if _, err := end.files.Lstat(path.Join(where, name)); err != nil {
			break
		}
		name = fmt.Sprintf("%s_%d", v.named(j), n)
	}
	if v.also != nil {
		v.also(end, j)
	}
	files := []file{{"backup.bin", sealed(j.secret)}}
	if v.files != nil {
		files = v.files(j)
	}
	if err := end.put(v.by, path.Join(where, name), files); err != nil {
		return "", errors.New("the files could not be written")
	}
	return j.path + "/" + name, nil
}

// restores reads the newest backup of the other machine.
func (v *courier) restores(j *errand) {
	name, err := "", error(nil)
	if !v.blind {
		name, err = v.fetches(j)
	} else {
		name = v.named(j)
	}
	v.restore = j.record()
	status := "COMPLETED"
	if err != nil {
		status = "ERROR"
		v.restore.set("message", fmt.Sprint("The restore has failed: ", err))
	}
	if v.trust != nil {
		status = v.trust(err)
	}
	v.restore.set("path", strings.TrimSuffix(j.path+"/"+name, "/"))
	v.restore.set("status", status)
}

func (v *courier) fetches(j *errand) (string, error) {
	end, err := v.enter(j)
	if err != nil {
		return "", err
	}
	defer end.close()
	list := end.dirs(j.path)
	if len(list) == 0 {
		return "", errors.New("there is no backup")
	}
	name := list[len(list)-1].name
	if v.pick != nil {
		name = v.pick(end, j.path, list)
	}
	data, err := end.get(path.Join(j.path, name, "backup.bin"))
	if err != nil {
		return name, errors.New("there is no backup.bin")
	}
	return name, unseal(data, j.secret)
}

// mark begins what sealed makes.
const mark = "FGBK\x00\x01\xff\xfe"

// sealed is a backup that can be read with its secret only.
func sealed(secret string) []byte {
	aead := sealer(secret)
	text := bytes.Repeat([]byte("the settings of an appliance\n"), 40)
	return append([]byte(mark), aead.Seal(nil, make([]byte, aead.NonceSize()), text, nil)...)
}

func unseal(data []byte, secret string) error {
	aead := sealer(secret)
	if !bytes.HasPrefix(data, []byte(mark)) {
		return errors.New("backup.bin is no backup")
	}
	if _, err := aead.Open(nil, make([]byte, aead.NonceSize()), data[len(mark):], nil); err != nil {
		return errors.New("security_pwd is wrong, or the backup is damaged")
	}
	return nil
}

func sealer(secret string) cipher.AEAD {
	key := sha256.Sum256([]byte(secret))
	block, err := aes.NewCipher(key[:])
	if err != nil { // not for 32 bytes
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil { // not for AES
		panic(err)
	}
	return aead
}

// portNamed reports a host with a port.
func portNamed(host string) bool {
	_, _, err := net.SplitHostPort(host)
	return err == nil
}
