package harden

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Vault is one page of memory for keys, outside of Go's heap: where the system
// allows it locked, so that it is never swapped out, and in no core. Nobody may use
// what lies in it after [Vault.Close]. Its methods are not for several goroutines.
//
// Not every key can live here: Go's Ed25519 and RSA take theirs from the heap alone.
type Vault struct {
	page []byte
	used int
	lock error
}

// ErrFull says that a vault has no room left.
var ErrFull = errors.New("the vault is full")

// NewVault takes a page. That it cannot be locked is no error; see [Vault.Locked].
func NewVault() (*Vault, error) {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("take memory for keys: %w", err)
	}
	v := &Vault{page: page}
	v.lock = errors.Join(unix.Mlock(page), unix.Madvise(page, unix.MADV_DONTDUMP))
	return v, nil
}

// Locked is nil when the page is never swapped out, else why it may be.
func (v *Vault) Locked() error { return v.lock }

// Keep moves a secret into the vault: the copy that was given is cleared.
func (v *Vault) Keep(secret []byte) ([]byte, error) {
	defer clear(secret)
	if len(secret) > len(v.page)-v.used {
		return nil, fmt.Errorf("keep a secret of %d bytes: %w", len(secret), ErrFull)
	}
	kept := v.page[v.used : v.used+len(secret) : v.used+len(secret)]
	copy(kept, secret)
	v.used += len(secret)
	return kept, nil
}

// Close clears the page and gives it back.
func (v *Vault) Close() error {
	if v.page == nil {
		return nil
	}
	clear(v.page)
	err := unix.Munmap(v.page)
	v.page = nil
	if err != nil {
		return fmt.Errorf("give back memory for keys: %w", err)
	}
	return nil
}
