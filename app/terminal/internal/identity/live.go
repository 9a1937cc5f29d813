package identity

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"leye/app/proof"
)

// Live is the identity of a running terminal: none until it is enrolled, another
// once it is enrolled anew. Its methods may be called from any goroutine.
type Live struct {
	path, dir, name string
	changed         func(*Identity)
	log             *slog.Logger

	mu   sync.Mutex
	now  *Identity
	seen stamp
}

// LiveConfig says what a Live follows.
type LiveConfig struct {
	Dir     string          // the state directory
	Name    string          // the terminal's; an identity in another name is none
	Changed func(*Identity) // told of each that was taken up by Run; may be nil
	Log     *slog.Logger
}

// stamp tells one file under a name from the next.
type stamp struct {
	at   time.Time
	size int64
	file os.FileInfo
}

func (s stamp) same(o stamp) bool {
	return s.at.Equal(o.at) && s.size == o.size && (s.file == nil) == (o.file == nil) && (s.file == nil || os.SameFile(s.file, o.file))
}

// Follow gives the identity as it is now. An error is that of [Load]; that there is
// none is no error.
func Follow(c LiveConfig) (*Live, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Changed == nil {
		c.Changed = func(*Identity) {}
	}
	l := &Live{path: filepath.Join(c.Dir, FileName), dir: c.Dir, name: c.Name, changed: c.Changed, log: c.Log}
	_, err := l.look()
	return l, err
}

// ErrOther says that the terminal is enrolled under another name.
var ErrOther = errors.New("the terminal is enrolled under another name")

// Current is nil as long as the terminal is not enrolled under its name.
func (l *Live) Current() *Identity {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// look takes up what lies there now, if it is another than before.
func (l *Live) look() (taken *Identity, err error) {
	var now stamp
	info, err := os.Stat(l.path)
	if err == nil {
		now = stamp{info.ModTime(), info.Size(), info}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look for identity: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.same(l.seen) {
		return nil, nil
	}
	l.seen = now
	id, err := Load(l.dir)
	switch {
	case errors.Is(err, ErrNone):
		return nil, nil // what is in use stays until another comes
	case err != nil:
		return nil, err
	case id.Name() != l.name:
		return nil, fmt.Errorf("%w: %s, not %s", ErrOther, id.Name(), l.name)
	case l.now != nil && l.now.Certificate().Equal(id.Certificate()):
		return nil, nil // the renewal wrote it itself
	}
	l.now = id
	return id, nil
}

func (l *Live) String() string { return "identity" }

// glance is how often the file is looked at: a technician waits for it.
const glance = 2 * time.Second

// Run follows the file until ctx ends.
func (l *Live) Run(ctx context.Context) error {
	t := time.NewTicker(glance)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
		id, err := l.look()
		switch {
		case err != nil:
			l.log.Error("take up the identity", "err", err)
		case id != nil:
			l.log.Info("the terminal is enrolled", "ends", id.Certificate().NotAfter)
			l.changed(id)
		}
	}
}

// TLS is [Identity.TLS]; without an identity nobody is believed.
func (l *Live) TLS(now func() time.Time) *tls.Config {
	if id := l.Current(); id != nil {
		return id.TLS(now)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: proof.Trust{}.Pool(), Time: now}
}

// Key is [Identity.Key], or nil.
func (l *Live) Key() ed25519.PrivateKey {
	if id := l.Current(); id != nil {
		return id.Key()
	}
	return nil
}

// Trust is [Identity.Trust], or trust in nobody.
func (l *Live) Trust() proof.Trust {
	if id := l.Current(); id != nil {
		return id.Trust()
	}
	return proof.Trust{}
}
