package form

import (
	"fmt"
	"strconv"

	"leye/app/catalogue"
)

// condition is a declared condition made ready: operands are canonical text and
// every named field is known to stand before the field that depends on it.
type condition struct {
	test     func(v Value) bool // set for a comparison
	field    string
	all, any []condition
	not      *condition
}

// lookup finds the answer that counts for a key; an answer to a question that
// is not relevant counts as not given.
type lookup func(key string) Value

func (c *condition) holds(find lookup) bool {
	switch {
	case c == nil:
		return true
	case c.test != nil:
		return c.test(find(c.field))
	case c.not != nil:
		return !c.not.holds(find)
	case len(c.any) > 0:
		for i := range c.any {
			if c.any[i].holds(find) {
				return true
			}
		}
		return false
	}
	for i := range c.all {
		if !c.all[i].holds(find) {
			return false
		}
	}
	return true
}

// compileCondition makes c ready; known tells which fields stand before.
func compileCondition(c *catalogue.Condition, known func(key string) bool) (*condition, error) {
	if c == nil {
		return nil, nil
	}
	out := condition{field: c.Field}
	var err error
	switch {
	case c.Field != "":
		if !known(c.Field) {
			return nil, fmt.Errorf("read condition: field %q does not stand before", c.Field)
		}
		out.test, err = compileTest(c.Op, c.Value)
	case c.Not != nil:
		out.not, err = compileCondition(c.Not, known)
	case len(c.Any) > 0:
		out.any, err = compileConditions(c.Any, known)
	case len(c.All) > 0:
		out.all, err = compileConditions(c.All, known)
	default:
		err = fmt.Errorf("read condition: it says nothing")
	}
	return &out, err
}

func compileConditions(list []catalogue.Condition, known func(string) bool) ([]condition, error) {
	out := make([]condition, len(list))
	for i := range list {
		c, err := compileCondition(&list[i], known)
		if err != nil {
			return nil, err
		}
		out[i] = *c
	}
	return out, nil
}

func compileTest(op string, value any) (func(Value) bool, error) {
	switch op {
	case "present":
		return func(v Value) bool { return !v.Empty() }, nil
	case "absent":
		return Value.Empty, nil
	}
	operands, err := operandsOf(value)
	if err != nil {
		return nil, fmt.Errorf("read condition %s: %w", op, err)
	}
	switch op {
	case "eq", "ne", "gt", "gte", "lt", "lte":
		if len(operands) != 1 {
			return nil, fmt.Errorf("read condition %s: it takes one value", op)
		}
	case "in", "not_in":
	default:
		return nil, fmt.Errorf("read condition: no operator %q", op)
	}
	switch op {
	case "eq", "in":
		return func(v Value) bool { return isAny(v, operands) }, nil
	case "ne", "not_in":
		return func(v Value) bool { return !isAny(v, operands) }, nil
	}
	return func(v Value) bool { return ordered(v, op, operands[0]) }, nil
}

// operandsOf turns a declared value (string, boolean, number or a list of them)
// into canonical text.
func operandsOf(value any) ([]string, error) {
	switch x := value.(type) {
	case string:
		return []string{x}, nil
	case bool:
		return []string{strconv.FormatBool(x)}, nil
	case int64:
		return []string{strconv.FormatInt(x, 10)}, nil
	case int:
		return []string{strconv.Itoa(x)}, nil
	case float64:
		return []string{strconv.FormatFloat(x, 'f', -1, 64)}, nil
	case []string:
		return x, nil
	case []any:
		var out []string
		for _, e := range x {
			one, err := operandsOf(e)
			if err != nil {
				return nil, err
			}
			out = append(out, one...)
		}
		return out, nil
	}
	return nil, fmt.Errorf("no text, number, boolean or list: %v", value)
}

// isAny reports whether v is one of the operands; for a multi-choice, whether it
// holds one of them.
func isAny(v Value, operands []string) bool {
	for _, o := range operands {
		switch v.kind {
		case KindBool:
			if strconv.FormatBool(v.flag) == o {
				return true
			}
		case KindNumber:
			if n, ok := canonical(o); ok && compareDecimal(v.text, n) == 0 {
				return true
			}
		default:
			if v.Contains(o) {
				return true
			}
		}
	}
	return false
}

// ordered compares numbers by value and dates, being ISO text, by text. What is
// not answered is neither more nor less.
func ordered(v Value, op, operand string) bool {
	var c int
	switch v.kind {
	case KindNumber:
		n, ok := canonical(operand)
		if !ok {
			return false
		}
		c = compareDecimal(v.text, n)
	case KindText:
		if _, ok := parseDay(v.text); !ok {
			return false
		}
		switch {
		case v.text < operand:
			c = -1
		case v.text > operand:
			c = 1
		}
	default:
		return false
	}
	switch op {
	case "gt":
		return c > 0
	case "gte":
		return c >= 0
	case "lt":
		return c < 0
	}
	return c <= 0
}
