import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import org.bouncycastle.cms.DefaultCMSSignatureAlgorithmNameGenerator;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.bc.BcRSASignerInfoVerifierBuilder;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DefaultSignatureAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.bc.BcDigestCalculatorProvider;
import org.bouncycastle.tsp.ers.ERSByteData;
import org.bouncycastle.tsp.ers.ERSData;
import org.bouncycastle.tsp.ers.ERSDataGroup;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;

/**
 * Bouncy Castle's answers about evidence records (RFC 4998).
 *
 * Its arguments are a time in milliseconds and a folder of folders, each with a file "record" and
 * files "object-…": several are a group. A line of output is a folder's name, and "valid" or why not.
 */
public class EvidenceJudge {
    public static void main(String[] arguments) throws Exception {
        Date now = new Date(Long.parseLong(arguments[0]));
        try (var folders = Files.newDirectoryStream(Path.of(arguments[1]))) {
            for (Path folder : folders) {
                System.out.println(folder.getFileName() + " " + judge(folder, now));
            }
        }
    }

    private static String judge(Path folder, Date now) throws Exception {
        List<ERSData> objects = new ArrayList<>();
        try (var files = Files.newDirectoryStream(folder, "object-*")) {
            for (Path file : files) {
                objects.add(new ERSByteData(Files.readAllBytes(file)));
            }
        }
        ERSData data = objects.get(0);
        if (objects.size() > 1) {
            data = new ERSDataGroup(objects);
        }
        DigestCalculatorProvider digests = new BcDigestCalculatorProvider();
        try {
            byte[] encoded = Files.readAllBytes(folder.resolve("record"));
            ERSEvidenceRecord record = new ERSEvidenceRecord(encoded, digests);
            record.validatePresent(data, now);
            record.validate(verifier(record, digests));
            return "valid";
        } catch (Exception error) {
            return String.valueOf(error.getMessage());
        }
    }

    /** Checks the newest token: the certificates of the others are in the tokens themselves. */
    private static SignerInformationVerifier verifier(
            ERSEvidenceRecord record, DigestCalculatorProvider digests) throws Exception {
        return new BcRSASignerInfoVerifierBuilder(
                new DefaultCMSSignatureAlgorithmNameGenerator(),
                new DefaultSignatureAlgorithmIdentifierFinder(),
                new DefaultDigestAlgorithmIdentifierFinder(),
                digests)
            .build(record.getSigningCertificate());
    }
}
