package console

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"leye/app/central/internal/ledger"
)

const (
	passwordSetting = "console-password"
	rounds          = 600_000 // PBKDF2-HMAC-SHA256, the number that OWASP gives
	saltSize        = 16
	keySize         = 32
)

// FirstPassword makes the console's password when there is none yet, stores its
// hash and returns it, to be shown once. It returns "" when there is one.
func FirstPassword(ctx context.Context, l Ledger) (string, error) {
	_, err := l.Setting(ctx, passwordSetting)
	if err == nil {
		return "", nil
	}
	if !errors.Is(err, ledger.ErrNotFound) {
		return "", err
	}
	return ResetPassword(ctx, l)
}

// ResetPassword puts a new password in place of the one before, ends every
// session and returns it.
func ResetPassword(ctx context.Context, l Ledger) (string, error) {
	text := strings.ToLower(rand.Text()) // at least 128 random bits
	password := strings.Join([]string{text[:5], text[5:10], text[10:15], text[15:20]}, "-")
	hash, err := hashPassword(password, rounds)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	if err := l.Set(ctx, passwordSetting, hash); err != nil {
		return "", err
	}
	return password, l.CloseSessions(ctx)
}

func hashPassword(password string, rounds int) (string, error) {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails; it ends the program instead
	key, err := pbkdf2.Key(sha256.New, password, salt, rounds, keySize)
	if err != nil {
		return "", err
	}
	e := base64.RawStdEncoding
	return fmt.Sprintf("pbkdf2-sha256$%d$%s$%s", rounds, e.EncodeToString(salt), e.EncodeToString(key)), nil
}

// checkPassword reports whether password gives the stored hash.
func checkPassword(stored, password string) (bool, error) {
	parts := strings.Split(stored, "$")
	if len(parts) != 4 || parts[0] != "pbkdf2-sha256" {
		return false, errors.New("check password: the stored hash is of an unknown kind")
	}
	n, err := strconv.Atoi(parts[1])
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[2])
	want, keyErr := base64.RawStdEncoding.DecodeString(parts[3])
	if err := errors.Join(err, saltErr, keyErr); err != nil {
		return false, fmt.Errorf("check password: the stored hash is broken: %w", err)
	}
	key, err := pbkdf2.Key(sha256.New, password, salt, n, len(want))
	if err != nil {
		return false, fmt.Errorf("check password: %w", err)
	}
	return subtle.ConstantTimeCompare(key, want) == 1, nil
}
