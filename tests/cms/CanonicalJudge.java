// Canonicalises parts of documents by the library under javax.xml.crypto, as a second opinion.
//
// Reads lines of: document (hex), number of the element in document order or nothing for the
// document, algorithm, prefixes. Writes a line for each: the SHA-256 of the canonical form (hex).
// It is run with --add-exports java.xml.crypto/com.sun.org.apache.xml.internal.security=ALL-UNNAMED
// and the same for its package c14n.

import com.sun.org.apache.xml.internal.security.Init;
import com.sun.org.apache.xml.internal.security.c14n.Canonicalizer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Node;

public class CanonicalJudge {
    public static void main(String[] arguments) throws Exception {
        Init.init();
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        DocumentBuilder builder = factory.newDocumentBuilder();
        MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
        StringBuilder output = new StringBuilder();
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            String[] fields = line.split("\t", -1);
            byte[] bytes = HexFormat.of().parseHex(fields[0]);
            Document document = builder.parse(new ByteArrayInputStream(bytes));
            Node apex = fields[1].isEmpty()
                ? document
                : document.getElementsByTagName("*").item(Integer.parseInt(fields[1]));
            ByteArrayOutputStream octets = new ByteArrayOutputStream();
            Canonicalizer canonicalizer = Canonicalizer.getInstance(fields[2]);
            if (fields[3].isEmpty()) {
                canonicalizer.canonicalizeSubtree(apex, octets);
            } else {
                canonicalizer.canonicalizeSubtree(apex, fields[3], octets);
            }
            byte[] digest = sha256.digest(octets.toByteArray());
            output.append(HexFormat.of().formatHex(digest)).append('\n');
        }
        System.out.print(output);
    }
}
