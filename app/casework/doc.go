// Package casework knows how a case moves and when it is due: working days,
// time limits counted by law, and the state machines that the catalogue
// declares.
//
// It keeps no case and asks for no clock time: whoever keeps cases passes both
// in.
package casework
