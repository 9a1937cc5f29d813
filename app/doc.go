// Package app is the terminal and its central: what residents see, what is kept
// when they hand something in, and how it reaches the district. It holds no code;
// this page says how the rooms belong together.
//
// # The flow
//
// A card on the reader becomes an idcard.Card (devices), the session makes a
// Resident of it and drives the visit as a state machine, and the ui draws each
// state and sends intents back. A service's questions come from the catalogue; the
// form decides which are relevant and checks each answer. Handing in gives the
// application its identifier, then it is sealed, and the outbox and the journal
// keep it in one durable transaction; only then may the screen or paper say so. The
// relay carries it, sealed as it lies, to the central over the contract in api, as
// often as needed under the same identifier. The central's intake opens and checks
// it again, the ledger opens a case, and the acknowledgement comes back the same
// way. With the end of the visit the terminal's key to the application goes, with
// the acknowledgement the central's wrap and the sealed body. A receipt says which of three things
// happened: accepted under a number, saved on the terminal, or refused and waiting
// for staff. What could not be kept gets no receipt: the answers stay on the screen.
//
// Asking how far a case has come files nothing. The session asks the central by number
// and query code over the same line and shows what comes; nothing of it touches the
// disk, and it ends with the visit. What still waits here is looked up in the outbox.
//
// A failing terminal's queue leaves it in a file (kioskctl evacuate) that is sealed to
// the central. Another terminal that adopts it gets the central's leave and the key to
// the file's list, and the entries go on from its outbox under their own identifiers.
// The central's fence keeps everybody else from sending them.
//
// All that a terminal must not lose stands in one file. When that is damaged, at the
// start or later, it is set aside whole and another takes its place, with every row
// that is still what was kept; the terminal serves on within seconds. Entries keep
// their identifiers, references go on in another range, and the journal begins anew
// with a line that says so, which the central tells its staff.
//
// # The rooms
//
//	api                           the contract between terminal and central
//	envelope                      the sealed form that both sides agree on
//	evacuation                    the file in which a queue is carried to another terminal
//	proof                         how each side shows the other who it is and what it holds
//	harden                        keeps a program's memory from disk and from others
//	catalogue, form               what is offered; what is asked and answered
//	policy, casework              policy texts and rules; states, clocks, working days
//	terminal/internal/kiosk       the terminal's own words
//	terminal/internal/privacy     what is kept of a person, where and until when
//	terminal/internal/session     one visit, from idle to wiped
//	terminal/internal/ui          the screens; the only place that knows Fyne
//	terminal/internal/panel       the trial of a touch screen and display
//	terminal/internal/acceptance  the sheet on which a terminal is handed over
//	terminal/internal/seal        the terminal's key and the wraps
//	terminal/internal/outbox      what was handed in, until the central has it
//	terminal/internal/store       the one file of what must not be lost
//	terminal/internal/quarantine  what becomes of it when it is damaged
//	terminal/internal/slip        what is known of each slip's paper
//	terminal/internal/day         what a day came to, for staff
//	terminal/internal/relay       the way there and back
//	terminal/internal/identity    who the terminal is to the central; its key and certificate
//	terminal/internal/uplink      the contract spoken; terminal/internal/clock: when
//	terminal/internal/policysync  services and policies from the central
//	terminal/internal/heartbeat   what the central hears of a terminal
//	terminal/internal/attest      what it is shown of the terminal's journal
//	terminal/internal/appliance   puts the pieces together and ends them in order
//	central/internal/server       the contract served; intake, ledger, console behind it
//	central/internal/authority    the roots; central/internal/enrolment: who may come in
//	central/internal/adoption     who sends what a failing terminal was emptied of
//	central/internal/keyring      the keys that open what was sealed
//
// # Who may import whom
//
// Go's own rule for internal folders keeps terminal, central and devices out of
// each other's rooms. The rest is a table of package, what it must not reach, and
// why, in walls_test.go beside this file: it holds for all that a package brings
// along, not only for what it names itself. The linter's settings repeat it for
// editors. In short: values know nothing of drivers, screens know nothing of
// devices, files or the network, and whoever needs a thing declares the interface;
// appliance and server are the only places that know all the pieces.
package app
