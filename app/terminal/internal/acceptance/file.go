package acceptance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"leye/app/proof"
)

// Form is what the file says it is, with its version.
const Form = "leye acceptance 1"

// FileName is the name, inside the state directory, of the last sheet.
const FileName = "acceptance.json"

// File is a sheet as a statement: signed, or not when the terminal has no
// identity to sign with.
type File struct {
	Sheet
	proof.Statement
}

// NewFile makes the file of a sheet; nobody has signed it.
func NewFile(s Sheet) (File, error) {
	s.Accepted = Judge(s.Lines)
	if err := s.check(); err != nil {
		return File{}, fmt.Errorf("write sheet: %w", err)
	}
	st, err := proof.NewStatement(Form, s)
	return File{s, st}, err
}

// Read reads a file. Its signature is not looked at; see [proof.Statement.Check].
func Read(in io.Reader) (File, error) {
	st, err := proof.ReadStatement(in, Form)
	if err != nil {
		return File{}, err
	}
	f := File{Statement: st}
	d := json.NewDecoder(bytes.NewReader(st.Content))
	d.DisallowUnknownFields()
	err = d.Decode(&f.Sheet)
	if err == nil {
		err = f.sameForm()
	}
	if err == nil {
		err = f.check()
	}
	if err != nil {
		return File{}, fmt.Errorf("read sheet: %w", err)
	}
	return f, nil
}

// sameForm refuses what has more than one reading: a key twice, or in other
// letters.
func (f File) sameForm() error {
	var was, is bytes.Buffer
	again, err := json.Marshal(f.Sheet)
	if err != nil {
		return err
	}
	if err := errors.Join(json.Compact(&was, f.Content), json.Compact(&is, again)); err != nil {
		return err
	}
	if !bytes.Equal(was.Bytes(), is.Bytes()) {
		return errors.New("it is not of the agreed form")
	}
	return nil
}

// Code is the short form of the digest that stands on paper: three groups of four
// hex digits.
func (f File) Code() string { return CodeOf(f.Digest()) }

// CodeOf is the code of a digest.
func CodeOf(digest string) string {
	if len(digest) < 12 {
		return ""
	}
	return digest[:4] + "-" + digest[4:8] + "-" + digest[8:12]
}

// Signed reports whether somebody vouches for the file; who, it does not say.
func (f File) Signed() bool { return f.Signature != "" }

// Load reads the last sheet of the state directory dir; fs.ErrNotExist when there
// is none.
func Load(dir string) (File, error) { return Open(filepath.Join(dir, FileName)) }

// Open reads the file at path.
func Open(path string) (f File, err error) {
	in, err := os.Open(path)
	if err != nil {
		return f, fmt.Errorf("read sheet: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return Read(in)
}

// Save has the file whole at path, or what was there before. It names nobody, so
// all may read it.
func (f File) Save(path string) error {
	text, err := f.Encode()
	if err == nil {
		err = replace(path, text)
	}
	if err != nil {
		return fmt.Errorf("keep sheet: %w", err)
	}
	return nil
}

func replace(path string, text []byte) error {
	out, err := os.CreateTemp(filepath.Dir(path), ".acceptance-*")
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	if err = errors.Join(err, out.Chmod(0o644), out.Sync(), out.Close()); err == nil {
		err = os.Rename(out.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return nil
}
