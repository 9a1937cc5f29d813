package outbox

import (
	"context"
	"fmt"

	"leye/app/terminal/internal/kiosk"
)

// watcher holds the newest state that its reader has not taken yet; older ones
// are dropped.
type watcher struct{ c chan Entry }

// Watch delivers the entry as it is now and then after each change in this
// program; a slow reader sees only the newest. The channel is closed when ctx
// ends. The entries come without bodies.
func (o *Outbox) Watch(ctx context.Context, id kiosk.ApplicationID) (<-chan Entry, error) {
	w := &watcher{c: make(chan Entry, 1)}
	o.mu.Lock()
	if o.watchers[id] == nil {
		o.watchers[id] = map[*watcher]struct{}{}
	}
	o.watchers[id][w] = struct{}{}
	o.mu.Unlock()
	context.AfterFunc(ctx, func() { o.unwatch(id, w) })

	e, err := o.Get(ctx, id)
	if err != nil {
		o.unwatch(id, w)
		return nil, fmt.Errorf("watch: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, on := o.watchers[id][w]; on && len(w.c) == 0 {
		w.c <- e
	}
	return w.c, nil
}

func (o *Outbox) unwatch(id kiosk.ApplicationID, w *watcher) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, on := o.watchers[id][w]; !on {
		return
	}
	delete(o.watchers[id], w)
	if len(o.watchers[id]) == 0 {
		delete(o.watchers, id)
	}
	close(w.c)
}

func (o *Outbox) publish(e Entry) {
	e.Body = nil
	o.mu.Lock()
	defer o.mu.Unlock()
	for w := range o.watchers[e.ID] {
		select {
		case <-w.c:
		default:
		}
		w.c <- e
	}
}

// Wake holds a token after something new was put: the relay need not sleep on.
func (o *Outbox) Wake() <-chan struct{} { return o.wake }

func (o *Outbox) nudge() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}
