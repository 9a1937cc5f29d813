// Package samv drives the SAM_V module that every certified Chinese ID card
// reader contains, over a serial line: find, select, read.
//
// Frames, commands and status codes follow the published SAM_V serial protocol
// (GA 450 modules); the card layouts follow GA/T 490 and its siblings for
// foreigners and for residents of Hong Kong, Macao and Taiwan. Photo and
// fingerprints are never kept, only what proves that they were read whole.
package samv
