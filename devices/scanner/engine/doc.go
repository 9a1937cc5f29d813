// Package engine drives a 2D scan engine that sends each code it sees over a serial
// line, by itself: presentation or continuous mode, set once with the maker's setup
// codes. The driver sends nothing.
//
// A code may hold any byte, also those that scanners put behind it: the binary 随申码
// has 0D inside. So a suffix ends a code only when the line is still after it, and
// where the scanner can, it packs each code with its length (profile "packet").
package engine
