import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.Attribute;
import org.bouncycastle.asn1.esf.RevocationValues;
import org.bouncycastle.asn1.ocsp.OCSPResponse;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.DefaultCMSSignatureAlgorithmNameGenerator;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.bc.BcRSASignerInfoVerifierBuilder;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.bouncycastle.operator.bc.BcDigestCalculatorProvider;
import org.bouncycastle.operator.bc.BcRSAContentVerifierProviderBuilder;
import org.bouncycastle.tsp.TimeStampToken;
import org.bouncycastle.util.Selector;
import org.bouncycastle.util.Store;

/**
 * What Bouncy Castle finds in forms of a detached CMS with its evidence.
 *
 * Its arguments are the content and the files. A line of output is a file's name and, if all that
 * is in it verifies, the number of tokens, CRLs and OCSP responses; else why not.
 */
public class FormJudge {
    private static final ASN1ObjectIdentifier OCSP = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.16.2");

    public static void main(String[] arguments) throws Exception {
        byte[] content = Files.readAllBytes(Path.of(arguments[0]));
        for (String name : Arrays.copyOfRange(arguments, 1, arguments.length)) {
            Path file = Path.of(name);
            System.out.println(file.getFileName() + " " + judge(content, Files.readAllBytes(file)));
        }
    }

    private static String judge(byte[] content, byte[] encoded) {
        try {
            CMSSignedData cms = new CMSSignedData(new CMSProcessableByteArray(content), encoded);
            int tokens = 0;
            int[] values = {0, 0};
            for (SignerInformation signer : cms.getSignerInfos()) {
                if (!signer.verify(verifier(find(cms.getCertificates(), signer.getSID())))) {
                    return "the signature is wrong";
                }
                tokens += checkTokens(signer);
                countValues(signer, values);
            }
            int crls = values[0];
            for (X509CRLHolder crl : cms.getCRLs().getMatches(null)) {
                ContentVerifierProvider key = keyOf(cms, crl.getIssuer());
                if (key != null && !crl.isSignatureValid(key)) {
                    return "the signature of a CRL is wrong";
                }
                crls++;
            }
            int responses = values[1];
            Store<ASN1Encodable> others = cms.getOtherRevocationInfo(OCSP);
            for (ASN1Encodable other : others.getMatches(null)) {
                OCSPResp response = new OCSPResp(OCSPResponse.getInstance(other));
                responses += checkResponse(cms, (BasicOCSPResp) response.getResponseObject());
            }
            return tokens + " tokens, " + crls + " CRLs, " + responses + " responses";
        } catch (Exception error) {
            return String.valueOf(error);
        }
    }

    private static int checkTokens(SignerInformation signer) throws Exception {
        Attribute attribute =
                signer.getUnsignedAttributes().get(PKCSObjectIdentifiers.id_aa_signatureTimeStampToken);
        int found = 0;
        for (ASN1Encodable value : attribute.getAttributeValues()) {
            TimeStampToken token =
                    new TimeStampToken(org.bouncycastle.asn1.cms.ContentInfo.getInstance(value));
            token.validate(verifier(find(token.getCertificates(), token.getSID())));
            byte[] imprint = token.getTimeStampInfo().getMessageImprintDigest();
            var digest = java.security.MessageDigest.getInstance("SHA-256");
            if (!Arrays.equals(imprint, digest.digest(signer.getSignature()))) {
                throw new IllegalArgumentException("a token is on another signature");
            }
            found++;
        }
        return found;
    }

    private static void countValues(SignerInformation signer, int[] counts) {
        Attribute attribute =
                signer.getUnsignedAttributes().get(PKCSObjectIdentifiers.id_aa_ets_revocationValues);
        if (attribute != null) {
            ASN1Encodable value = attribute.getAttrValues().getObjectAt(0);
            RevocationValues values = RevocationValues.getInstance(value);
            counts[0] += values.getCrlVals().length;
            counts[1] += values.getOcspVals().length;
        }
    }

    private static int checkResponse(CMSSignedData cms, BasicOCSPResp response) throws Exception {
        List<X509CertificateHolder> signers = new ArrayList<>(List.of(response.getCerts()));
        signers.addAll(cms.getCertificates().getMatches(null));
        for (X509CertificateHolder one : signers) {
            if (response.isSignatureValid(key(one))) {
                return 1;
            }
        }
        throw new IllegalArgumentException("the signature of an OCSP response is wrong");
    }

    private static ContentVerifierProvider keyOf(
            CMSSignedData cms, org.bouncycastle.asn1.x500.X500Name subject) throws Exception {
        for (X509CertificateHolder one : cms.getCertificates().getMatches(null)) {
            if (one.getSubject().equals(subject)) {
                return key(one);
            }
        }
        // An anchor is not in the file: its list can only be read.
        return null;
    }

    private static ContentVerifierProvider key(X509CertificateHolder certificate) throws Exception {
        return new BcRSAContentVerifierProviderBuilder(new DefaultDigestAlgorithmIdentifierFinder())
                .build(certificate);
    }

    private static X509CertificateHolder find(
            Store<X509CertificateHolder> store, Selector<X509CertificateHolder> id) {
        return store.getMatches(id).iterator().next();
    }

    private static SignerInformationVerifier verifier(X509CertificateHolder certificate)
            throws Exception {
        return new BcRSASignerInfoVerifierBuilder(
                        new DefaultCMSSignatureAlgorithmNameGenerator(),
                        new DefaultSignatureAlgorithmIdentifierFinder(),
                        new DefaultDigestAlgorithmIdentifierFinder(),
                        new BcDigestCalculatorProvider())
                .build(certificate);
    }
}
