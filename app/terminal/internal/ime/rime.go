//go:build rime

package ime

/*
#cgo pkg-config: rime
#include <malloc.h>
#include <rime_api.h>
#include <stdlib.h>
#include <string.h>

// Texts that librime keeps by pointer are literals here.
static void fill_traits(RimeTraits* t, const char* dir) {
	memset(t, 0, sizeof *t);
	RIME_STRUCT_INIT(RimeTraits, *t);
	t->shared_data_dir = dir;
	t->user_data_dir = dir;
	t->distribution_name = "leye";
	t->distribution_code_name = "leye";
	t->distribution_version = "1";
	t->app_name = "rime.leye";
	t->min_log_level = 3; // fatal only
	t->log_dir = "";      // standard error, never a file
}

static void setup_logging(const char* dir) {
	RimeTraits t;
	fill_traits(&t, dir);
	rime_get_api()->setup(&t);
}

static Bool deploy(const char* dir, const char* schema) {
	RimeTraits t;
	fill_traits(&t, dir);
	rime_get_api()->deployer_initialize(&t);
	Bool done = rime_get_api()->deploy_schema(schema);
	malloc_trim(0); // compiling leaves tens of megabytes free but not given back
	return done;
}

static void initialize(const char* dir) {
	RimeTraits t;
	fill_traits(&t, dir);
	rime_get_api()->initialize(&t);
}

static RimeSessionId open_session(const char* schema) {
	RimeSessionId s = rime_get_api()->create_session();
	if (s && !rime_get_api()->select_schema(s, schema)) {
		rime_get_api()->destroy_session(s);
		return 0;
	}
	return s;
}

static void close_session(RimeSessionId s) { rime_get_api()->destroy_session(s); }
static void finalize(void) { rime_get_api()->finalize(); }
static Bool press(RimeSessionId s, int key) { return rime_get_api()->process_key(s, key, 0); }
static void clear(RimeSessionId s) { rime_get_api()->clear_composition(s); }
static const char* input(RimeSessionId s) { return rime_get_api()->get_input(s); }
static Bool choose(RimeSessionId s, size_t n) {
	return rime_get_api()->select_candidate_on_current_page(s, n);
}

static Bool get_context(RimeSessionId s, RimeContext* c) {
	memset(c, 0, sizeof *c);
	RIME_STRUCT_INIT(RimeContext, *c);
	return rime_get_api()->get_context(s, c);
}
static void free_context(RimeContext* c) { rime_get_api()->free_context(c); }

static Bool get_commit(RimeSessionId s, RimeCommit* c) {
	memset(c, 0, sizeof *c);
	RIME_STRUCT_INIT(RimeCommit, *c);
	return rime_get_api()->get_commit(s, c);
}
static void free_commit(RimeCommit* c) { rime_get_api()->free_commit(c); }
*/
import "C"

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"unsafe"
)

// Keys as X11 names them.
const (
	keyBackspace = 0xff08
	keyPageUp    = 0xff55
	keyPageDown  = 0xff56
)

// librime is one per process and starts its logging once for good; its own
// state is global, so these two are.
var (
	library sync.Mutex // held while an engine is open
	logging sync.Once
)

var errInUse = errors.New("open librime: another engine is open in this process")

type rime struct {
	mu      sync.Mutex
	session C.RimeSessionId // 0: closed
	folder  *folder
}

// Open opens librime, and the built-in engine when that fails: residents must be
// able to type their names on a terminal whose librime is broken.
func Open(o Options) (Engine, error) {
	o = o.filled()
	e, err := OpenRime(o)
	if err == nil {
		return e, nil
	}
	o.Log.Warn("librime does not start, using the built-in engine", "err", err)
	return OpenBuiltIn(o)
}

// OpenRime compiles the dictionary for librime into a private temporary folder,
// which Close removes, and opens a session on it. Folders of processes that ended
// without Close go first. Only one may be open in a process.
func OpenRime(o Options) (Engine, error) {
	o = o.filled()
	d, err := loadDict(o.Dict)
	if err != nil {
		return nil, err
	}
	if !library.TryLock() {
		return nil, errInUse
	}
	if err := sweep(o.TempDir); err != nil {
		o.Log.Warn("an earlier folder of librime stays", "err", err)
	}
	dir, err := newFolder(o.TempDir)
	if err != nil {
		library.Unlock()
		return nil, fmt.Errorf("make folder for librime: %w", err)
	}
	e := &rime{folder: dir}
	if err := e.start(d, o.PageSize); err != nil {
		library.Unlock()
		return nil, errors.Join(err, dir.remove())
	}
	return e, nil
}

func (e *rime) start(d *dict, size int) error {
	if err := writeSchema(e.folder.path, d, size); err != nil {
		return err
	}
	dir, schema := C.CString(e.folder.path), C.CString(schemaID)
	file := C.CString(filepath.Join(e.folder.path, schemaID+".schema.yaml"))
	defer C.free(unsafe.Pointer(dir))
	defer C.free(unsafe.Pointer(schema))
	defer C.free(unsafe.Pointer(file))
	logging.Do(func() { C.setup_logging(dir) })
	if C.deploy(dir, file) == 0 {
		C.finalize()
		return errors.New("compile dictionary for librime: refused")
	}
	C.initialize(dir)
	if e.session = C.open_session(schema); e.session == 0 {
		C.finalize()
		return errors.New("open librime session: schema refused")
	}
	return nil
}

func (e *rime) Feed(key rune) State {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := letter(key)
	if !ok || e.session == 0 {
		return e.state()
	}
	typed := C.GoString(C.input(e.session))
	if len(typed) < maxInput && (c != '\'' || typed != "" && !strings.HasSuffix(typed, "'")) {
		C.press(e.session, C.int(c))
	}
	return e.state()
}

func (e *rime) Backspace() State { return e.press(keyBackspace, 1) }

func (e *rime) Page(delta int) State {
	if delta < 0 {
		return e.press(keyPageUp, min(-delta, maxTurns))
	}
	return e.press(keyPageDown, min(delta, maxTurns))
}

// maxTurns is more pages than any input has.
const maxTurns = 500

// press presses a key that means something only while letters wait.
func (e *rime) press(key C.int, times int) State {
	e.mu.Lock()
	defer e.mu.Unlock()
	for range times {
		if e.session == 0 || C.GoString(C.input(e.session)) == "" {
			break
		}
		if key == keyPageDown && !e.state().HasNext {
			break // librime would turn to an empty page
		}
		C.press(e.session, key)
	}
	return e.state()
}

func (e *rime) Select(n int) State {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session != 0 && n >= 0 {
		C.choose(e.session, C.size_t(n))
	}
	return e.state()
}

func (e *rime) Reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session != 0 {
		C.clear(e.session)
		e.commit()
	}
}

func (e *rime) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.session == 0 {
		return nil
	}
	C.close_session(e.session)
	C.finalize()
	e.session = 0
	defer library.Unlock()
	if err := e.folder.remove(); err != nil {
		return fmt.Errorf("remove librime's folder: %w", err)
	}
	return nil
}

// commit takes the text that librime has completed, once.
func (e *rime) commit() string {
	var c C.RimeCommit
	if C.get_commit(e.session, &c) == 0 {
		return ""
	}
	defer C.free_commit(&c)
	return C.GoString(c.text)
}

func (e *rime) state() State {
	if e.session == 0 {
		return State{}
	}
	s := State{Commit: e.commit()}
	var c C.RimeContext
	if C.get_context(e.session, &c) == 0 {
		return s
	}
	defer C.free_context(&c)
	s.Preedit = C.GoString(c.composition.preedit)
	s.Page = int(c.menu.page_no)
	s.HasPrev = s.Page > 0
	if n := int(c.menu.num_candidates); n > 0 {
		s.HasNext = c.menu.is_last_page == 0
		for _, candidate := range unsafe.Slice(c.menu.candidates, n) {
			s.Candidates = append(s.Candidates, C.GoString(candidate.text))
		}
	}
	return s
}
