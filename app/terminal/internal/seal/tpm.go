package seal

import (
	"errors"
	"fmt"
	"os"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxtpm"
	"github.com/google/go-tpm/tpm2/transport/linuxudstpm"
)

// usualDevice is the kernel's own resource manager: others may use the TPM beside.
const usualDevice = "/dev/tpmrm0"

// TPMThere reports whether this machine has a TPM 2.0.
func TPMThere() bool {
	_, err := os.Stat(usualDevice)
	return err == nil
}

// tpmSealed is a secret that only one TPM opens, and only as long as the machine
// was started as it was when it was sealed.
type tpmSealed struct {
	Public  []byte `json:"public"`
	Private []byte `json:"private"`
}

// openTPM opens a device, or the socket of a simulated one.
func openTPM(path string) (transport.TPMCloser, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode()&os.ModeSocket != 0 {
		return linuxudstpm.Open(path)
	}
	return linuxtpm.Open(path)
}

// bootState is PCR 7: what Secure Boot allowed and by whose keys (TCG PC Client
// Platform Firmware Profile, section 3.3.4). It does not change with a new kernel
// of the same signer.
func bootState() tpm2.TPMLPCRSelection {
	return tpm2.TPMLPCRSelection{PCRSelections: []tpm2.TPMSPCRSelection{{
		Hash: tpm2.TPMAlgSHA256, PCRSelect: tpm2.PCClientCompatible.PCRs(7),
	}}}
}

// withRoot runs f under the TPM's storage root key, which the same owner seed
// gives each time.
func withRoot(device string, f func(t transport.TPM, root tpm2.NamedHandle, protect ...tpm2.AuthOption) error) (err error) {
	t, err := openTPM(device)
	if err != nil {
		return fmt.Errorf("open TPM: %w", err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	made, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHOwner, InPublic: tpm2.New2B(tpm2.ECCSRKTemplate)}.Execute(t)
	if err != nil {
		return fmt.Errorf("make the TPM's root key: %w", err)
	}
	defer func() {
		_, e := tpm2.FlushContext{FlushHandle: made.ObjectHandle}.Execute(t)
		err = errors.Join(err, e)
	}()
	public, err := made.OutPublic.Contents()
	if err != nil {
		return fmt.Errorf("read the TPM's root key: %w", err)
	}
	// Salted to the root key, so that the wires between processor and TPM tell nothing.
	return f(t, tpm2.NamedHandle{Handle: made.ObjectHandle, Name: made.Name}, tpm2.Salted(made.ObjectHandle, *public))
}

// bootPolicy is the digest of the policy that asks for the boot state of now.
func bootPolicy(t transport.TPM) (digest tpm2.TPM2BDigest, err error) {
	session, end, err := tpm2.PolicySession(t, tpm2.TPMAlgSHA256, 16, tpm2.Trial())
	if err != nil {
		return digest, err
	}
	defer func() { err = errors.Join(err, end()) }()
	if _, err := (tpm2.PolicyPCR{PolicySession: session.Handle(), Pcrs: bootState()}).Execute(t); err != nil {
		return digest, err
	}
	got, err := tpm2.PolicyGetDigest{PolicySession: session.Handle()}.Execute(t)
	if err != nil {
		return digest, err
	}
	return got.PolicyDigest, nil
}

func sealInTPM(device string, secret []byte) (sealed tpmSealed, err error) {
	err = withRoot(device, func(t transport.TPM, root tpm2.NamedHandle, protect ...tpm2.AuthOption) error {
		policy, err := bootPolicy(t)
		if err != nil {
			return fmt.Errorf("ask the TPM for the boot state: %w", err)
		}
		protect = append(protect, tpm2.AESEncryption(128, tpm2.EncryptIn))
		made, err := tpm2.Create{
			ParentHandle: tpm2.AuthHandle{Handle: root.Handle, Name: root.Name, Auth: tpm2.HMAC(tpm2.TPMAlgSHA256, 16, protect...)},
			InSensitive: tpm2.TPM2BSensitiveCreate{Sensitive: &tpm2.TPMSSensitiveCreate{
				Data: tpm2.NewTPMUSensitiveCreate(&tpm2.TPM2BSensitiveData{Buffer: secret}),
			}},
			InPublic: tpm2.New2B(tpm2.TPMTPublic{
				Type: tpm2.TPMAlgKeyedHash, NameAlg: tpm2.TPMAlgSHA256, AuthPolicy: policy,
				ObjectAttributes: tpm2.TPMAObject{FixedTPM: true, FixedParent: true, NoDA: true},
			}),
		}.Execute(t)
		if err != nil {
			return fmt.Errorf("seal in the TPM: %w", err)
		}
		sealed = tpmSealed{tpm2.Marshal(made.OutPublic), tpm2.Marshal(made.OutPrivate)}
		return nil
	})
	return sealed, err
}

func (s tpmSealed) open(device string) (secret []byte, err error) {
	public, err := tpm2.Unmarshal[tpm2.TPM2BPublic](s.Public)
	if err != nil {
		return nil, errForm
	}
	private, err := tpm2.Unmarshal[tpm2.TPM2BPrivate](s.Private)
	if err != nil {
		return nil, errForm
	}
	err = withRoot(device, func(t transport.TPM, root tpm2.NamedHandle, protect ...tpm2.AuthOption) error {
		loaded, err := tpm2.Load{ParentHandle: root, InPrivate: *private, InPublic: *public}.Execute(t)
		if err != nil {
			return fmt.Errorf("load into the TPM: %w", err)
		}
		defer func() { _, _ = tpm2.FlushContext{FlushHandle: loaded.ObjectHandle}.Execute(t) }()
		protect = append(protect, tpm2.AESEncryption(128, tpm2.EncryptOut))
		policy := func(t transport.TPM, session tpm2.TPMISHPolicy, _ tpm2.TPM2BNonce) error {
			_, err := tpm2.PolicyPCR{PolicySession: session, Pcrs: bootState()}.Execute(t)
			return err
		}
		opened, err := tpm2.Unseal{ItemHandle: tpm2.AuthHandle{
			Handle: loaded.ObjectHandle, Name: loaded.Name, Auth: tpm2.Policy(tpm2.TPMAlgSHA256, 16, policy, protect...),
		}}.Execute(t)
		if err != nil {
			return fmt.Errorf("open by the TPM: %w", err)
		}
		secret = opened.OutData.Buffer
		return nil
	})
	return secret, err
}
